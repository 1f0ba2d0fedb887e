#include "services/service.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "events/civil_time.h"
#include "events/copied_log.h"
#include "events/copy_mark.h"
#include "events/embedded_log.h"
#include "events/log_copy.h"
#include "events/rocks_damage.h"
#include "events/thread_name.h"
#include "events/uuid.h"
#include "projections/rules/catalogue.h"
#include "services/durable_file.h"
#include "services/erasures.h"
#include "services/fresh_key.h"
#include "services/intake/adopt_settings.h"
#include "services/intake/intake_port.h"
#include "services/kafka_keys.h"
#include "services/open_parts.h"

namespace geleit {
namespace {

/// For the blocks of log and tables together; what the tables hold in memory to be written counts in.
constexpr std::size_t block_cache_octets = std::size_t{160} << 20;
/// A service that ends waits for it once.
constexpr std::chrono::milliseconds post_heads_timeout{5'000};
constexpr std::size_t table_write_octets_max = std::size_t{64} << 20;

/// The last recorded time of the log: where a clock that follows the commands begins.
Instant last_recorded(const Store& store) {
  Instant last;
  const auto snapshot = store.snapshot();
  for (const Reached& reached : snapshot->state().reached) last = std::max(last, reached.recorded);
  return last;
}

/// The calling thread gets about a third of a processor that others want too. The tables may follow a little
/// later while much comes in; whoever waits for an answer should not.
void give_way() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 5); }

}  // namespace

Service::Service(DataDirectory data, const ClockChoice& clock, rocksdb::Env* env, const Roles& roles)
    : data_(std::move(data)),
      choice_(clock),
      roles_(roles),
      block_cache_(make_block_cache(block_cache_octets)),
      env_(env) {
  std::filesystem::create_directories(data_.dir);
  if (choice_.kind == ClockChoice::Kind::entered) {
    // Nothing was entered before there were rules to enter it under; commands move the clock on from there.
    choice_.start = berlin_midnight(shipped_rule_sets().front()->from());
  }
  clock_ = make_clock(choice_);
  open_parts();
  require_whole_copy(*log_);
  ends_ = std::make_unique<LogEnds>(*log_, data_.kafka.has_value());
  open_tables();
}

void Service::open_parts() {
  LogSurroundings surroundings{[this] { return clock_->now(); }, env_, block_cache_};
  if (data_.kafka) {
    log_ = open_log(data_, std::move(surroundings));
    if (const auto* copied = dynamic_cast<const CopiedLog*>(log_.get()); copied && !copied->note().empty())
      notes_.push_back(copied->note());
    keys_ = roles_.intake ? open_keys(data_, fresh_key(chance_)) : open_keys_read_only(data_);
    if (roles_.intake) signing_key_ = SigningKey::load_or_make(data_.signing_key(), fresh_key(chance_));
    return;
  }
  if (is_log_copy(data_.log())) {
    throw LogRefused(fmt::format(
        "what lies in {} is the local copy of a log on Kafka; say with --log kafka://… which one it is",
        data_.log().string()));
  }
  require_parts();
  if (!EmbeddedLog::exists(data_.log())) {
    const Uuid id = uuid_v7(clock_->now(), chance_.next(), chance_.next());
    EmbeddedLog::create(data_.log(), embedded_partitions_default, id, clock_->now());
  }
  log_ = open_log(data_, std::move(surroundings));
  const Positions ends = log_->ends();
  const bool empty = std::ranges::all_of(ends, [](Offset end) { return end == Offset{0}; });
  if (!empty && !std::filesystem::exists(data_.keys())) {
    throw KeyStoreDamaged(fmt::format(
        "expected the person keys of the log in {} in {}, but there are none: without them no name "
        "can be read. Restore them from their last backup (geleit restore); only if they are lost "
        "for good, make that directory, empty",
        data_.log().string(), data_.keys().string()));
  }
  keys_ = open_keys(data_, fresh_key(chance_), env_);
  complete_erasures(*keys_, ErasureJournal(data_.erasures()));
  signing_key_ = SigningKey::load_or_make(data_.signing_key(), fresh_key(chance_));
}

void Service::checkpoint() const {
  std::filesystem::create_directories(data_.checkpoint());
  const DataDirectory to{data_.checkpoint(), {}};
  store_->checkpoint(std::filesystem::absolute(to.tables()));
  const auto log = std::filesystem::absolute(to.log());
  if (const auto* copied = dynamic_cast<const CopiedLog*>(log_.get()))
    copied->checkpoint(log, store_->snapshot()->state().positions());
  else if (const auto* embedded = dynamic_cast<const EmbeddedLog*>(log_.get()))
    embedded->checkpoint(log);
  keys_->checkpoint(std::filesystem::absolute(to.keys()));
  // Where the keys lie elsewhere, a restore is told here which of them were destroyed, and who may come in.
  if (const auto* keys = dynamic_cast<const KafkaKeys*>(keys_.get())) {
    ErasureJournal(data_.erasures()).add(keys->erasures());
    std::string lines;
    for (const std::string& line : keys->tokens().second) lines.append(line).push_back('\n');
    if (!lines.empty()) write_whole(data_.tokens(), lines);
  }
}

/// What lies there without what it belongs to was not lost by a start that was cut off: log, keys and tables
/// are made in this order. A restore puts the log in place last.
void Service::require_parts() const {
  const bool keys = has_database_files(data_.keys());
  if (keys && !std::filesystem::exists(data_.master_key())) {
    throw KeyStoreFailed(
        fmt::format("expected the master key of the keys in {} in {}, but there is none; put it back from "
                    "where it is kept",
                    data_.keys().string(), data_.master_key().string()));
  }
  if (has_database_files(data_.log())) return;
  if (std::filesystem::exists(data_.restoring())) {
    throw LogRefused(fmt::format(
        "expected a log in {}, but a restore was begun there and is not finished. Let it finish, or "
        "run geleit restore again; to begin without it, remove {}",
        data_.dir.string(), data_.restoring().string()));
  }
  if (!keys && !has_database_files(data_.tables())) return;
  throw LogRefused(fmt::format(
      "expected the log that the {} in {} belong to in {}, but there is none. Restore it from its "
      "last backup (geleit restore), or say with --log where it lies; to begin anew, move keys, "
      "master key and tables away",
      keys ? "keys" : "tables", data_.dir.string(), data_.log().string()));
}

void Service::open_tables() {
  StoreOptions options;
  options.dir = data_.tables();
  options.env = env_;
  options.block_cache = block_cache_;
  options.write_buffer_octets = table_write_octets_max;
  try {
    store_ = Store::open(options);
  } catch (const StoreDamaged& damage) {
    const auto aside = set_tables_aside(data_.tables());
    notes_.push_back(say(Language::en, message::tables_were_damaged, std::string_view(damage.what()),
                         std::string_view(aside.native())));
    store_ = Store::open(options);
  }
}

Service::~Service() { stop(); }

void Service::prepare(const std::function<void(std::uint64_t)>& progress,
                      const std::function<bool()>& stopping) {
  const auto go_on = [&] {
    if (stopping && stopping()) throw StartStopped();
  };
  if (auto* copied = dynamic_cast<CopiedLog*>(log_.get())) copied->catch_up([&](std::uint64_t) { go_on(); });
  projector_ = std::make_unique<Projector>(*log_, *store_, rules_);
  rebuilding_ = 0;
  projector_->prepare([&](std::uint64_t events) {
    go_on();
    rebuilding_ = static_cast<std::int64_t>(events);
    if (progress) progress(events);
  });
  rebuilding_ = -1;
  if (parked_) {
    for (const Parked& parked : store_->parked()) parked_(parked);
    projector_->on_parked(parked_);
  }
  while (projector_->step() > 0) go_on();
}

void Service::start(const std::function<void(std::uint64_t)>& progress,
                    const std::function<bool()>& stopping) {
  try {
    prepare(progress, stopping);
  } catch (const StoreDamaged& damage) {
    // Found only when it was read: the next opening sets them aside.
    store_->note_damage(damage.what());
    projector_.reset();
    store_.reset();
    open_tables();
    prepare(progress, stopping);
  }
  auto* entered = dynamic_cast<EnteredClock*>(clock_.get());
  if (entered) entered->advance_to(last_recorded(*store_));
  if (roles_.intake) {
    adopt_shipped_rules(*log_, *store_, rules_, *projector_, *clock_);
    intake_ = std::make_unique<Intake>(*log_, *store_, rules_, *keys_, *clock_, chance_, entered);
    // A clock that follows the commands needs every event appended at its own time.
    if (!entered) {
      key_worker_ = std::make_unique<SerialWorker>("keys");
      intake_->sync_keys_beside([this](std::function<void()> work) { key_worker_->give(std::move(work)); });
    }
    if (data_.kafka) {
      ends_worker_ = std::make_unique<SerialWorker>("log ends");
      intake_->ask_ends_beside([this](std::function<void()> work) { ends_worker_->give(std::move(work)); });
    }
    intake_->on_waiting_for_tables([this] { projector_->hurry(); });
    if (roles_.watch) intake_->record_timers();
    port_ = std::make_unique<IntakePort>(*intake_, *clock_);
  }
  if (roles_.watch) watch_ = std::make_unique<Watch>(*store_, rules_, *clock_, *port_);
  if (watch_ && metrics_ != nullptr) watch_->measure(*metrics_);
  if (row_listener_ != nullptr) projector_->tell(*row_listener_);
  projector_->on_advance([this] {
    if (intake_) intake_->tables_advanced();
    if (watch_) watch_->tables_advanced();
    if (desk_) desk_->tables_advanced();
  });
  // Years told again by a clock that follows the commands are told to nobody.
  if (roles_.alert && !entered) open_desk();
  projector_thread_ = std::jthread([this](std::stop_token stop) {
    name_thread("projector");
    give_way();
    projector_->run(stop);
  });
  if (intake_) {
    intake_thread_ = std::jthread([this](std::stop_token stop) {
      name_thread("intake");
      intake_->run(stop);
    });
  }
  // A clock that follows the commands moves with them alone, and intake sees to what comes due by it.
  if (watch_ && !entered) {
    watch_thread_ = std::jthread([this](std::stop_token stop) {
      name_thread("watch");
      give_way();
      watch_->run(stop);
    });
  }
  if (signing_key_) {
    signer_ = std::make_unique<HeadSigner>(*log_, *clock_, *signing_key_, data_, audit_, poster_of_heads());
    signer_thread_ = std::jthread([this](const std::stop_token& stop) {
      name_thread("head signer");
      give_way();
      signer_->run(stop);
    });
  }
  if (desk_) {
    desk_thread_ = std::jthread([this](std::stop_token stop) {
      name_thread("alert desk");
      give_way();
      desk_->run(stop);
    });
  }
  ready_ = true;
}

void Service::tell_through(const std::vector<ChannelConfig>& channels) {
  for (const ChannelConfig& config : channels) channels_.push_back({config, make_channel(config)});
}

void Service::open_desk() {
  const bool has_channels = !channels_.empty();
  desk_ = std::make_unique<AlertDesk>(*store_, rules_, *clock_, chance_, *port_, std::move(channels_),
                                      data_.digests());
  if (metrics_ != nullptr) desk_->measure(*metrics_);
  if (!data_.kafka || !has_channels) return;
  group_ = std::make_unique<KafkaGroup>(data_.kafka->address, data_.kafka->settings, "geleit-alert");
  desk_->owns([this](Partition partition) { return group_->owns(partition); });
}

void Service::sign_heads(const AuditConfig& audit) { audit_ = audit; }

PostHeads Service::poster_of_heads() {
  if (audit_.deposit_webhook.empty()) return {};
  TransferSettings settings;
  settings.timeout = post_heads_timeout;
  settings.ca = audit_.ca;
  settings.public_only = !audit_.allow_private;
  head_transfer_ = std::make_unique<Transfer>(settings);
  return [this](std::string_view heads) -> std::string {
    HttpPost request;
    request.url = audit_.deposit_webhook;
    request.headers = {{"Content-Type", "application/x-ndjson"}};
    request.body = heads;
    const auto outcome = head_transfer_->post(request);
    if (const auto* none = std::get_if<NoAnswer>(&outcome)) return none->detail;
    const int status = std::get<HttpAnswer>(outcome).status;
    if (status / 100 == 2) return {};
    return fmt::format("expected 2xx of {}, but it is {}", server_of(request.url), status);
  };
}

std::string Service::token() const { return service_token(MasterKey::load(data_.master_key())); }

void Service::give_up() {
  if (intake_) intake_->give_up();
}

std::string Service::copy_trouble() const {
  const auto* copied = dynamic_cast<const CopiedLog*>(log_.get());
  return copied ? copied->copy_trouble() : std::string();
}

std::vector<Service::Trouble> Service::troubles() const {
  std::vector<Trouble> found;
  const auto add = [&](std::string_view part, std::string what) {
    if (!what.empty()) found.push_back({part, std::move(what)});
  };
  add("log", log_->trouble());
  add("keys", keys_->trouble());
  add("tables", store_->trouble());
  if (!ready_) return found;
  {
    const std::lock_guard lock(mutex_);
    add("log", log_damage_);
    add("keys", key_damage_);
  }
  const auto told = [&](const std::string& what) {
    return std::ranges::any_of(found, [&](const Trouble& trouble) { return trouble.what == what; });
  };
  if (std::string what = projector_->trouble(); !told(what)) add("tables", std::move(what));
  if (!intake_) return found;
  if (std::string what = intake_->status().trouble; !told(what)) add("commands", std::move(what));
  return found;
}

void Service::note(const std::exception& failure) {
  if (dynamic_cast<const StoreDamaged*>(&failure) != nullptr) return store_->note_damage(failure.what());
  const std::lock_guard lock(mutex_);
  if (dynamic_cast<const LogCorrupt*>(&failure) != nullptr) log_damage_ = failure.what();
  if (dynamic_cast<const KeyStoreDamaged*>(&failure) != nullptr) key_damage_ = failure.what();
}

void Service::stop() {
  ready_ = false;
  for (std::jthread* thread : {&desk_thread_, &watch_thread_}) {
    if (!thread->joinable()) continue;
    thread->request_stop();
    thread->join();
  }
  group_.reset();
  // Another process's answers come in a thread of the port; an intake's own end with it, below.
  if (!intake_) port_.reset();
  if (intake_thread_.joinable()) {
    intake_thread_.request_stop();
    intake_thread_.join();
  }
  if (projector_thread_.joinable()) {
    projector_thread_.request_stop();
    projector_thread_.join();
  }
  // Last, so that its heads cover what was recorded until now.
  if (signer_thread_.joinable()) {
    signer_thread_.request_stop();
    signer_thread_.join();
  }
}

std::optional<std::uint64_t> Service::rebuilding() const {
  const auto events = rebuilding_.load();
  if (events < 0) return std::nullopt;
  return static_cast<std::uint64_t>(events);
}

}  // namespace geleit
