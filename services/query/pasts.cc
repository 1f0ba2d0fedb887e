#include "services/query/pasts.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>

#include "events/thread_name.h"
#include "services/clock.h"

namespace geleit {
namespace {

bool same_moment(const PastAsk& a, const PastAsk& b) {
  return a.as_of == b.as_of && std::ranges::equal(a.reached, b.reached, {}, &Reached::next, &Reached::next);
}

bool has_read(const PastAsk& ask, std::span<const Position> wanted) {
  return std::ranges::all_of(
      wanted, [&](const Position& p) { return ask.reached[p.partition.value].next > p.offset; });
}

}  // namespace

const PastTables& Pasts::Making::tables() const {
  if (failure_) std::rethrow_exception(failure_);
  return tables_;
}

Pasts::Pasts(const ReadableLog& log, const Store& store, const RuleBook& rules,
             const std::filesystem::path& dir)
    : log_(log),
      store_(store),
      rules_(rules),
      scratch_(dir / "made"),
      checkpoints_(dir / "checkpoints"),
      times_(log),
      past_rules_(log, rules) {
  std::error_code ignored;
  std::filesystem::remove_all(scratch_, ignored);
  keeper_ = std::jthread([this](const std::stop_token& stop) { keep_checkpoints(stop); });
}

void Pasts::keep_checkpoints(const std::stop_token& stop) const {
  name_thread("checkpoints");
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (!never.wait_for(lock, stop, std::chrono::milliseconds(checkpoint_look_ms), [] { return false; }) &&
         !stop.stop_requested()) {
    try {
      checkpoints_.keep(store_);
    } catch (const StoreFailed&) {
      // A checkpoint only saves time; what is wrong with the tables is told by those who write them.
    }
  }
}

Pasts::~Pasts() { stop_.request_stop(); }

std::shared_ptr<const Pasts::Making> Pasts::ask(const PastAsk& ask, std::optional<std::string_view> provider,
                                                bool now, std::span<const Position> wanted) {
  std::uint64_t events = 0;
  for (const Reached& reached : ask.reached) events += reached.next.value;
  const bool little = events <= past_events_in_memory_max;
  // Of a little, all costs as little as one provider, and serves all.
  const std::string of = little ? "" : std::string(provider.value_or(""));
  const std::int64_t now_ms = monotonic_ms();
  const std::lock_guard lock(mutex_);
  std::size_t waiting = 0;
  for (auto one = makings_.begin(); one != makings_.end(); ++one) {
    const Making& known = **one;
    if (!known.done()) ++waiting;
    if (known.provider_ != of && !known.provider_.empty()) continue;
    const bool recent = now && known.now_ && known.ask_.as_of == ask.as_of && has_read(known.ask_, wanted) &&
                        (!known.done() ||
                         (known.took_ms_ > past_costly_ms && now_ms - known.begun_ms_ < 11 * known.took_ms_));
    if (!recent && !same_moment(known.ask_, ask)) continue;
    makings_.splice(makings_.begin(), makings_, one);
    return makings_.front();
  }
  if (waiting >= pasts_waiting_max) return nullptr;
  auto making = std::make_shared<Making>();
  making->ask_ = ask;
  making->provider_ = of;
  making->now_ = now;
  making->of_ = events;
  making->begun_ms_ = now_ms;
  makings_.push_front(making);
  (little || !of.empty() ? small_ : large_).give([this, making] { make(*making); });
  return making;
}

void Pasts::make(Making& making) {
  const std::int64_t begun_ms = monotonic_ms();
  try {
    const Progress progress = [&](std::uint64_t events) { making.events_ = events; };
    ProviderCases of_provider;
    const auto present = store_.snapshot();
    if (!making.provider_.empty()) of_provider = cases_of(store_, *present, making.provider_);
    if (!making.provider_.empty() && of_provider.events <= past_events_in_memory_max) {
      Watched watched(progress, stop_.get_token());
      making.tables_ = past_of_cases(log_, *present, rules_, making.ask_, of_provider.cases, watched);
    } else {
      std::filesystem::path dir;
      {
        const std::lock_guard lock(mutex_);
        dir = scratch_ / std::to_string(++numbered_);
      }
      std::filesystem::create_directories(scratch_);
      making.tables_ = past_of_all(log_, rules_, making.ask_, checkpoints_, dir, progress, stop_.get_token());
    }
  } catch (...) { making.failure_ = std::current_exception(); }
  making.took_ms_ = monotonic_ms() - begun_ms;
  making.done_.store(true, std::memory_order_release);
  make_room();
}

void Pasts::make_room() {
  std::vector<std::shared_ptr<Making>> dropped;  // after the lock: closing a store takes a while
  const std::lock_guard lock(mutex_);
  std::size_t octets = 0, on_disk = 0, kept = 0;
  for (auto one = makings_.begin(); one != makings_.end();) {
    const Making& known = **one;
    if (!known.done()) {
      ++one;
      continue;
    }
    octets += known.tables_.memory_octets;
    on_disk += known.tables_.on_disk ? 1 : 0;
    ++kept;
    const bool first = kept == 1;
    const bool room =
        octets <= pasts_memory_octets_max && on_disk <= pasts_on_disk_max && kept <= pasts_kept_max;
    if (!known.failure_ && (room || first)) {
      ++one;
      continue;
    }
    octets -= known.tables_.memory_octets;
    on_disk -= known.tables_.on_disk ? 1 : 0;
    --kept;
    dropped.push_back(std::move(*one));
    one = makings_.erase(one);
  }
}

}  // namespace geleit
