#include "services/service.h"

#include <algorithm>

#include "events/civil_time.h"
#include "events/uuid.h"
#include "services/fresh_key.h"
#include "services/intake/adopt_settings.h"

namespace geleit {
namespace {

/// The last recorded time of the log: where a clock that follows the commands begins.
Instant last_recorded(const Store& store) {
  Instant last;
  const auto snapshot = store.snapshot();
  for (const Reached& reached : snapshot->state().reached) last = std::max(last, reached.recorded);
  return last;
}

}  // namespace

Service::Service(DataDirectory data, const ClockChoice& clock) : data_(std::move(data)), choice_(clock) {
  std::filesystem::create_directories(data_.dir);
  if (choice_.kind == ClockChoice::Kind::entered) {
    // Nothing was entered before there were rules to enter it under; commands move the clock on from there.
    choice_.start = berlin_midnight(shipped_rule_sets().front()->from());
  }
  clock_ = make_clock(choice_);
  if (!EmbeddedLog::exists(data_.log())) {
    const Uuid id = uuid_v7(clock_->now(), chance_.next(), chance_.next());
    EmbeddedLog::create(data_.log(), embedded_partitions_default, id, clock_->now());
  }
  EmbeddedLogOptions options;
  options.dir = data_.log();
  options.clock = [this] { return clock_->now(); };
  log_ = EmbeddedLog::open(std::move(options));
  keys_ = open_key_store(data_.keys(), MasterKey::load_or_make(data_.master_key(), fresh_key(chance_)));
  store_ = Store::open({.dir = data_.tables()});
}

Service::~Service() { stop(); }

void Service::start(const std::function<void(std::uint64_t)>& progress) {
  projector_ = std::make_unique<Projector>(*log_, *store_, rules_);
  rebuilding_ = 0;
  projector_->prepare([&](std::uint64_t events) {
    rebuilding_ = static_cast<std::int64_t>(events);
    if (progress) progress(events);
  });
  rebuilding_ = -1;
  while (projector_->step() > 0) {}
  auto* entered = dynamic_cast<EnteredClock*>(clock_.get());
  if (entered) entered->advance_to(last_recorded(*store_));
  adopt_shipped_rules(*log_, *store_, rules_, *projector_, *clock_);
  intake_ = std::make_unique<Intake>(*log_, *store_, rules_, *keys_, *clock_, chance_, entered);
  projector_->on_advance([this] { intake_->tables_advanced(); });
  projector_thread_ = std::jthread([this](std::stop_token stop) { projector_->run(stop); });
  intake_thread_ = std::jthread([this](std::stop_token stop) { intake_->run(stop); });
  ready_ = true;
}

void Service::stop() {
  ready_ = false;
  if (intake_thread_.joinable()) {
    intake_thread_.request_stop();
    intake_thread_.join();
  }
  if (projector_thread_.joinable()) {
    projector_thread_.request_stop();
    projector_thread_.join();
  }
}

std::optional<std::uint64_t> Service::rebuilding() const {
  const auto events = rebuilding_.load();
  if (events < 0) return std::nullopt;
  return static_cast<std::uint64_t>(events);
}

}  // namespace geleit
