// What the stream sends: every change of a row, as the projector writes it, to whoever listens.
//
//   projector ── changed ─▶ ring of recent changes ── a round, at most every 50 ms ─▶ one piece a listener
//                              ▲                          │
//   a listener that comes back ┘   its place in the ring, or what changed since by the log (changes_between),
//                                  or `reset`: it has to read everything anew
//
// A listener is a place in the ring and nothing else: nothing gathers for one that does not take what it is
// given. It is asked for again when it can take more, and what no ring holds any more is a reset. What
// listeners with the same filters get is made once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "events/log.h"
#include "projections/columns.h"
#include "projections/store.h"
#include "projections/told_rows.h"
#include "services/access_log.h"
#include "services/asker.h"
#include "services/clock.h"
#include "services/http/http.h"
#include "services/http/metrics.h"
#include "services/key_store.h"
#include "services/query/lists.h"
#include "services/query/opening.h"
#include "services/query/stream_place.h"
#include "services/serial_worker.h"

namespace geleit {

/// Listeners of one process; a further one is 503.
inline constexpr std::size_t stream_listeners_max = 2'000;
/// The recent changes that are kept for those who fall behind or come back, rows and their octets.
inline constexpr std::size_t stream_rows_max = 50'000;
inline constexpr std::size_t stream_octets_max = std::size_t{32} << 20;
/// Between two writes to a listener.
inline constexpr std::int64_t stream_round_ms = 50;
/// Between two looks whether listeners are let in still.
inline constexpr std::int64_t stream_let_in_ms = 500;
/// About how much one write is; a listener that is behind gets the rest with the next.
inline constexpr std::size_t stream_piece_octets = std::size_t{256} << 10;
/// What was derived from the log for listeners that come back and is not sent yet; beyond it, a reset.
inline constexpr std::size_t stream_derived_octets_max = std::size_t{32} << 20;
/// A listener hears at least that often, if only a comment with its place.
inline constexpr std::int64_t stream_heartbeat_ms = 15'000;
/// For so long after the last one has gone changes are kept, so that it may come back.
inline constexpr std::int64_t stream_linger_ms = 600'000;
/// A listener that is ahead of this process's tables waits so long for them.
inline constexpr std::int64_t stream_ahead_ms_max = 5'000;

/// What all of it reads from. Outlives the feed.
struct FeedSources {
  const Store* store = nullptr;
  const ReadableLog* log = nullptr;
  const RuleBook* rules = nullptr;
  const KeyStore* keys = nullptr;
  const Clock* clock = nullptr;
  AccessLog* access = nullptr;
  /// Whether a token (by its id; empty: none) is let in still; not set: everybody is.
  std::function<bool(const std::string& token)> lets_in = {};
};

/// What a listener wants to hear of.
struct Interest {
  struct Wanted {
    Table table{};
    RowFilter filter;
  };
  std::vector<Wanted> tables;
  Language language = Language::de;
  bool sealed = false;  ///< nothing personal is opened
  std::string name;     ///< the same for the same interest
};

class LiveFeed final : public RowListener {
 public:
  LiveFeed() = default;
  ~LiveFeed() override;

  /// Nobody listens before; changes are heard of all the time.
  void begin(const FeedSources& sources, http::Metrics& metrics);
  /// Ends all answers, as what is whole. Any thread; once.
  void stop();

  /// Begins to listen, from now on or from where somebody was. What is opened for `asker` is written down
  /// with each write (REC-ACCESS). Nothing when there are too many.
  [[nodiscard]] std::optional<http::Response> listen(Interest interest, Asker asker,
                                                     std::optional<StreamPlace> from);

  [[nodiscard]] bool listening() const override;
  void changed(RowChanges changes) override;

 private:
  struct Listener;
  struct Piece;
  struct Shown;
  class Maker;
  using Batch = std::shared_ptr<const RowChanges>;
  using Handle = std::shared_ptr<Listener>;
  /// A place in the ring: number of a batch, and a row in it.
  struct Place {
    std::uint64_t batch = 0;
    std::size_t row = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
  };

  void run(const std::stop_token& stop);
  void round();
  void show_out(std::int64_t now_ms);
  void catch_up(const Handle& listener);
  [[nodiscard]] std::vector<Batch> derive(const StreamPlace& since, const Positions& to);
  [[nodiscard]] bool may_be_shown(const Listener& listener, Looked looked) const;
  void forget_derived(Listener& listener);
  void asked(const Handle& listener, http::Chunk chunk);
  void leave(const Handle& listener);
  void forget_oldest();
  [[nodiscard]] std::uint64_t oldest() const { return next_ - ring_.size(); }
  [[nodiscard]] std::optional<Place> find(const StreamPlace& place) const;
  [[nodiscard]] std::string ready_text(const StreamPlace& place, bool resumed) const;
  [[nodiscard]] CivilDate today() const;

  FeedSources sources_;
  std::atomic<std::int64_t> wanted_until_ms_{0};
  http::Counter rows_sent_, resets_, dropped_;
  http::Histogram delay_;
  std::vector<std::shared_ptr<void>> gauges_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any news_;
  std::deque<Batch> ring_;
  std::uint64_t next_ = 0;   ///< number of the batch that comes next
  Positions end_;            ///< what the tables have read
  std::uint64_t again_ = 0;  ///< records up to where rows were derived again; who left before reads anew
  std::size_t ring_rows_ = 0, ring_octets_ = 0, derived_octets_ = 0;
  std::int64_t unsent_since_ms_ = 0;  ///< the first change that no round has had; 0: none
  std::list<Handle> listeners_;
  std::map<std::string, std::weak_ptr<const Interest>, std::less<>> interests_;
  bool begun_ = false, has_news_ = false, stopping_ = false;

  std::int64_t looked_ms_ = 0;  ///< whether listeners are let in still; the round's alone
  std::deque<Batch> derived_;   ///< the last ones; the worker's alone
  std::unique_ptr<SerialWorker> catching_up_;
  std::jthread thread_;
};

}  // namespace geleit
