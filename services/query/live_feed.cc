#include "services/query/live_feed.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <unordered_map>

#include "events/civil_time.h"
#include "events/thread_name.h"

namespace geleit {
namespace {

/// Offsets only grow, so this orders prefixes that follow one another.
std::uint64_t total(const Positions& positions) {
  return std::accumulate(positions.begin(), positions.end(), std::uint64_t{0},
                         [](std::uint64_t sum, Offset offset) { return sum + offset.value; });
}

bool covers(const Positions& whole, const Positions& part) {
  for (std::size_t p = 0; p < part.size(); ++p) {
    if (whole[p] < part[p]) return false;
  }
  return true;
}

std::string positions_json(const Positions& at) {
  std::string out = "{";
  for (std::size_t p = 0; p < at.size(); ++p) {
    if (at[p].value == 0) continue;
    if (out.size() > 1) out.push_back(',');
    out += '"' + std::to_string(p) + "\":" + std::to_string(at[p].value - 1);
  }
  return out + "}";
}

std::string event_text(std::string_view name, std::string_view id, std::string_view data) {
  std::string out("event: ");
  out.append(name);
  if (!id.empty()) out.append("\nid: ").append(id);
  return out.append("\ndata: ").append(data).append("\n\n");
}

/// What an entry of the ring holds beside its rows.
std::size_t octets_of(const RowChanges& batch) {
  return sizeof batch + batch.octets + 2 * batch.to.size() * sizeof(Offset);
}

constexpr std::size_t languages = 2;

/// Why a listener has to read everything anew.
constexpr std::string_view reset_too_far_behind = "too_far_behind",
                           reset_too_much_at_once = "too_much_at_once",
                           reset_unknown_position = "unknown_position", reset_unreadable = "unreadable";

}  // namespace

struct LiveFeed::Listener {
  std::shared_ptr<const Interest> interest;
  Asker asker;
  std::optional<http::Chunk> chunk;  ///< it can take more
  Place place;
  std::vector<Batch> derived;  ///< what it gets before that, from …
  Place derived_place;
  std::string_view reset;            ///< why, if it has to read anew
  std::optional<StreamPlace> since;  ///< it catches up from there, and has no place yet
  bool asked_for = false;            ///< the worker has it
  std::int64_t waits_until_ms = 0;
  CivilDate today;
  std::int64_t written_ms = 0;
  bool listed = true;
  bool over = false;  ///< it is not let in any more
};

/// A change as several listeners are shown it.
struct LiveFeed::Shown {
  std::optional<AnyRow> before, after;
  std::string id;
  std::array<std::string, languages> opened, sealed;
  Looked looked;  ///< what `opened` shows of persons
  std::string gone;
};

struct LiveFeed::Piece {
  std::string text;
  Place end;
  std::size_t rows = 0;
  Looked looked;
  bool failed = false;
};

/// Makes the pieces of one round, each once.
class LiveFeed::Maker {
 public:
  Maker(const FeedSources& sources, CivilDate today)
      : sources_(sources),
        present_(sources.store->snapshot()),
        opener_(opener_of(*sources.keys, looked_)),
        today_(today) {}

  /// What the interest is told of these batches, the first of which has the number `place.batch`.
  Piece make(const Interest& interest, std::span<const Batch> batches, Place place) {
    Piece piece;
    piece.end = place;
    try {
      for (const Batch& batch : batches) {
        for (; piece.end.row < batch->rows.size(); ++piece.end.row) {
          if (piece.text.size() >= stream_piece_octets) return piece;
          add(piece, interest, *batch, piece.end.row);
        }
        ++piece.end.batch;
        piece.end.row = 0;
      }
    } catch (const std::exception&) { piece.failed = true; }
    return piece;
  }

 private:
  void add(Piece& piece, const Interest& interest, const RowChanges& batch, std::size_t index) {
    const ChangedRow& change = batch.rows[index];
    const auto wanted = std::find_if(interest.tables.begin(), interest.tables.end(),
                                     [&](const auto& w) { return w.table == change.table; });
    if (wanted == interest.tables.end()) return;
    const ListTable& table = list_table(change.table);
    Shown& shown = shown_[&change];
    const auto decoded = [&](const std::optional<std::string>& bytes, std::optional<AnyRow>& row) {
      if (bytes && !row) table.decode(change.key, *bytes, row.emplace());
    };
    decoded(change.after, shown.after);
    decoded(change.before, shown.before);
    const Asked asked{today_, interest.language, sources_.rules, nullptr, nullptr};
    const bool is = shown.after && wanted->filter(change.provider, *shown.after, asked);
    if (!is && !(shown.before && wanted->filter(change.provider, *shown.before, asked))) return;
    if (shown.id.empty()) {
      const bool last = index + 1 == batch.rows.size();
      shown.id =
          "\nid: " + to_string(last ? StreamPlace{batch.to} : StreamPlace{batch.from, index + 1, batch.to});
    }
    auto& rows = interest.sealed ? shown.sealed : shown.opened;
    std::string& text = is ? rows[static_cast<std::size_t>(interest.language)] : shown.gone;
    if (text.empty()) {
      text = "\ndata: {\"table\":\"" + std::string(table.name) + "\",\"key\":\"" +
             key_text(shown.after ? *shown.after : *shown.before) + "\",\"row\":";
      if (is) {
        looked_.clear();
        // A row of before may name whom nobody may read of any more.
        if (const CaseId* id = interest.sealed ? nullptr : person_shown(*shown.after)) {
          const auto now = present_.find_case(*id);
          withhold(*shown.after, now ? now->personal_data : PersonalDataState::erased);
        }
        show_opened(*shown.after, asked, interest.sealed ? nullptr : &opener_,
                    [&](const Asked& opened) { append_row_json(text, table.columns, *shown.after, opened); });
        if (!interest.sealed) shown.looked = looked_;
      } else {
        text += "null";
      }
      text += "}\n\n";
    }
    piece.text.append("event: row").append(shown.id).append(text);
    if (is && !interest.sealed)
      piece.looked.insert(piece.looked.end(), shown.looked.begin(), shown.looked.end());
    ++piece.rows;
  }

  const FeedSources& sources_;
  Reading present_;
  Looked looked_;
  Opener opener_;
  CivilDate today_;
  std::unordered_map<const ChangedRow*, Shown> shown_;
};

LiveFeed::~LiveFeed() { stop(); }

void LiveFeed::begin(const FeedSources& sources, http::Metrics& metrics) {
  sources_ = sources;
  rows_sent_ = metrics.counter("geleit_stream_rows_total", "Row events sent to listeners of the stream");
  resets_ = metrics.counter("geleit_stream_resets_total", "Listeners that were told to read everything anew");
  dropped_ = metrics.counter("geleit_stream_dropped_total",
                             "Listeners cut off because they did not take what they were given");
  delay_ = metrics.histogram("geleit_stream_delay_seconds",
                             "From the write of a change to its hand-over to the listeners' connections");
  const auto gauge = [&](const char* name, const char* help, std::function<double()> value) {
    gauges_.push_back(metrics.gauge_when_read(name, help, {}, std::move(value)));
  };
  const auto counted = [this](auto get) {
    return [this, get] {
      const std::lock_guard lock(mutex_);
      return static_cast<double>(get());
    };
  };
  gauge("geleit_stream_listeners", "Listeners of the stream", counted([this] { return listeners_.size(); }));
  gauge("geleit_stream_listeners_max", "Listeners before more are refused",
        [] { return static_cast<double>(stream_listeners_max); });
  gauge("geleit_stream_changes", "Recent changes of rows that are kept for listeners",
        counted([this] { return ring_rows_; }));
  gauge("geleit_stream_changes_max", "Changes before the oldest are let go",
        [] { return static_cast<double>(stream_rows_max); });
  gauge("geleit_stream_bytes", "Their memory", counted([this] { return ring_octets_; }));
  gauge("geleit_stream_bytes_max", "Memory of changes before the oldest are let go",
        [] { return static_cast<double>(stream_octets_max); });
  catching_up_ = std::make_unique<SerialWorker>("stream log");
  thread_ = std::jthread([this](const std::stop_token& stop) {
    name_thread("stream");
    run(stop);
  });
}

void LiveFeed::stop() {
  std::vector<http::Chunk> chunks;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Handle& listener : listeners_) {
      if (listener->chunk) chunks.push_back(std::move(*listener->chunk));
      listener->chunk.reset();
    }
  }
  {
    const http::AnswerBatch together;
    for (http::Chunk& chunk : chunks) chunk.end();
  }
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  catching_up_.reset();
  gauges_.clear();
}

CivilDate LiveFeed::today() const { return berlin_date(sources_.clock->now()); }

bool LiveFeed::listening() const { return wanted_until_ms_.load(std::memory_order_relaxed) > monotonic_ms(); }

void LiveFeed::changed(RowChanges changes) {
  const std::lock_guard lock(mutex_);
  // A write that failed and was there after all has been told to nobody.
  if (!begun_ || changes.from != end_ || changes.again) changes.whole = false;
  if (changes.again) again_ = total(changes.to);
  begun_ = true;
  end_ = changes.to;
  if (changes.whole) {
    ring_rows_ += changes.rows.size();
    ring_octets_ += octets_of(changes);
    ring_.push_back(std::make_shared<const RowChanges>(std::move(changes)));
  } else {
    ring_.clear();
    ring_rows_ = ring_octets_ = 0;
  }
  ++next_;
  forget_oldest();
  if (listeners_.empty()) return;
  if (unsent_since_ms_ == 0) unsent_since_ms_ = monotonic_ms();
  has_news_ = true;
  news_.notify_one();
}

void LiveFeed::forget_oldest() {
  while (ring_rows_ > stream_rows_max || ring_octets_ > stream_octets_max) {
    ring_rows_ -= ring_.front()->rows.size();
    ring_octets_ -= octets_of(*ring_.front());
    ring_.pop_front();
  }
}

/// Where in the ring somebody goes on; nothing when the ring does not know.
std::optional<LiveFeed::Place> LiveFeed::find(const StreamPlace& place) const {
  const auto found = std::partition_point(
      ring_.begin(), ring_.end(), [&](const Batch& batch) { return total(batch->from) < total(place.at); });
  if (found != ring_.end() && (*found)->from == place.at &&
      (place.rows == 0 || ((*found)->to == place.to && place.rows <= (*found)->rows.size()))) {
    return Place{oldest() + static_cast<std::uint64_t>(found - ring_.begin()), place.rows};
  }
  if (place.rows == 0 && place.at == end_) return Place{next_, 0};
  return std::nullopt;
}

std::string LiveFeed::ready_text(const StreamPlace& place, bool resumed) const {
  return "retry: 1000\n" +
         event_text("ready", to_string(place),
                    "{\"positions\":" + positions_json(place.at) + ",\"today\":\"" +
                        geleit::to_string(today()) + "\",\"resumed\":" + (resumed ? "true" : "false") + "}");
}

std::optional<http::Response> LiveFeed::listen(Interest interest, Asker asker,
                                               std::optional<StreamPlace> from) {
  auto listener = std::make_shared<Listener>();
  listener->asker = std::move(asker);
  listener->today = today();
  listener->written_ms = monotonic_ms();
  http::Response response;
  response.content_type = http::content::events;
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.until_closed = true;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || listeners_.size() >= stream_listeners_max) return std::nullopt;
    std::erase_if(interests_, [](const auto& known) { return known.second.expired(); });
    auto& shared = interests_[interest.name];
    listener->interest = shared.lock();
    if (!listener->interest) {
      listener->interest = std::make_shared<const Interest>(std::move(interest));
      shared = listener->interest;
    }
    if (!from) {
      listener->place = {next_, 0};
    } else if (const auto place = find(*from)) {
      listener->place = *place;
    } else if (again_ > 0 && total(from->to) <= again_) {
      listener->place = {next_, 0};
      listener->reset = reset_too_much_at_once;
    } else {
      listener->since = *from;
      listener->waits_until_ms = listener->written_ms + stream_ahead_ms_max;
    }
    wanted_until_ms_ = std::numeric_limits<std::int64_t>::max();
    listeners_.push_back(listener);
    response.body = ready_text(from ? *from : StreamPlace{end_}, from.has_value());
  }
  // It leaves when the answer has gone, however it went.
  const std::shared_ptr<void> leaves(nullptr, [this, listener](void*) { leave(listener); });
  response.source = [this, listener, leaves](http::Chunk chunk) { asked(listener, std::move(chunk)); };
  return response;
}

void LiveFeed::asked(const Handle& listener, http::Chunk chunk) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && !listener->over) {
      listener->chunk = std::move(chunk);
      if (listener->place.batch < next_ || listener->since || !listener->derived.empty()) {
        has_news_ = true;
        news_.notify_one();
      }
      return;
    }
  }
  chunk.end();
}

void LiveFeed::leave(const Handle& listener) {
  std::optional<http::Chunk> chunk;
  {
    const std::lock_guard lock(mutex_);
    chunk.swap(listener->chunk);
    listeners_.remove(listener);
    listener->listed = false;
    forget_derived(*listener);
    // What it was given last was not taken.
    if (!chunk && !stopping_ && monotonic_ms() - listener->written_ms > 20 * stream_round_ms) dropped_.add();
    if (listeners_.empty()) wanted_until_ms_ = monotonic_ms() + stream_linger_ms;
  }
}

void LiveFeed::run(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds look_again{500};
  std::int64_t last_ms = 0;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      news_.wait_for(lock, stop, look_again, [this] { return has_news_; });
      // Whoever hears of something at once hears of what follows a round later.
      const std::int64_t early_ms = last_ms + stream_round_ms - monotonic_ms();
      if (early_ms > 0) news_.wait_for(lock, stop, std::chrono::milliseconds(early_ms), [] { return false; });
      has_news_ = false;
      if (stopping_) continue;
    }
    last_ms = monotonic_ms();
    round();
  }
}

/// Whoever is not let in any more hears nothing any more; coming back, they are told why.
void LiveFeed::show_out(std::int64_t now_ms) {
  if (!sources_.lets_in || now_ms - looked_ms_ < stream_let_in_ms) return;
  looked_ms_ = now_ms;
  // Files are read for it, so not under the lock.
  std::map<std::string, bool, std::less<>> let_in;
  {
    const std::lock_guard lock(mutex_);
    for (const Handle& listener : listeners_) let_in.try_emplace(listener->asker.token, true);
  }
  for (auto& [token, is_in] : let_in) is_in = sources_.lets_in(token);
  std::vector<http::Chunk> over;
  {
    const std::lock_guard lock(mutex_);
    for (const Handle& listener : listeners_) {
      const auto known = let_in.find(listener->asker.token);
      if (known == let_in.end() || known->second) continue;
      listener->over = true;
      if (listener->chunk) over.push_back(std::move(*listener->chunk));
      listener->chunk.reset();
    }
  }
  for (http::Chunk& chunk : over) chunk.end();
}

void LiveFeed::round() {
  struct Due {
    Handle listener;
    http::Chunk chunk;
    std::shared_ptr<const Interest> interest;
    std::string text;
    Place place;
    std::vector<Batch> derived;  ///< comes first; `place` is in it
    bool catches_up = false;     ///< it has no place yet, and hears no more than that it is not forgotten
    bool quiet = false;          ///< for so long that it should hear something
    bool failed = false;
    bool kept = false;  ///< the chunk, for there is nothing to give
  };
  std::vector<Due> due;
  std::vector<Batch> batches;  // from number `first` on
  std::uint64_t first = 0;
  Positions end;
  std::uint64_t next = 0;
  std::int64_t unsent_since_ms = 0;
  const CivilDate day = today();
  const std::int64_t now_ms = monotonic_ms();
  show_out(now_ms);
  {
    const std::lock_guard lock(mutex_);
    end = end_;
    next = first = next_;
    unsent_since_ms = std::exchange(unsent_since_ms_, 0);
    for (const Handle& listener : listeners_) {
      if (listener->since) {
        if (!listener->asked_for && covers(end_, listener->since->to)) {
          listener->asked_for = true;
          catching_up_->give([this, listener] { catch_up(listener); });
        } else if (!listener->asked_for && now_ms > listener->waits_until_ms) {
          listener->since.reset();
          listener->reset = reset_unknown_position;
        }
        if (listener->since && now_ms - listener->written_ms < stream_heartbeat_ms) continue;
      }
      if (!listener->chunk) continue;
      if (!listener->since && listener->reset.empty() && listener->place.batch < oldest()) {
        listener->reset = listener->place.batch + 1 == next_ && ring_.empty() ? reset_too_much_at_once
                                                                              : reset_too_far_behind;
      }
      const bool behind = !listener->since && listener->place.batch < next_;
      const bool quiet = now_ms - listener->written_ms >= stream_heartbeat_ms;
      if (!behind && !quiet && listener->derived.empty() && listener->reset.empty() && listener->today == day)
        continue;
      Due& one = due.emplace_back(Due{listener,
                                      std::move(*listener->chunk),
                                      listener->interest,
                                      {},
                                      {},
                                      listener->derived,
                                      listener->since.has_value(),
                                      quiet});
      listener->chunk.reset();
      if (!listener->reset.empty()) {
        one.derived.clear();
        forget_derived(*listener);
        one.text += event_text(
            "reset", to_string(StreamPlace{end}),
            "{\"positions\":" + positions_json(end) + ",\"why\":\"" + std::string(listener->reset) + "\"}");
        listener->reset = {};
        listener->place = {next_, 0};
        resets_.add();
      }
      if (listener->today != day) {
        listener->today = day;
        one.text += event_text("day", {}, "{\"today\":\"" + geleit::to_string(day) + "\"}");
      }
      if (one.catches_up) {
        one.place = {next_, 0};
      } else if (!one.derived.empty()) {
        one.place = listener->derived_place;
      } else {
        one.place = listener->place;
        first = std::min(first, one.place.batch);
      }
    }
    if (first < next_) batches.assign(ring_.end() - static_cast<std::ptrdiff_t>(next_ - first), ring_.end());
  }

  Maker maker(sources_, day);
  const std::string here = to_string(StreamPlace{end});
  const std::string unreadable = event_text(
      "reset", here,
      "{\"positions\":" + positions_json(end) + ",\"why\":\"" + std::string(reset_unreadable) + "\"}");
  std::map<std::pair<const Interest*, Place>, Piece> pieces;
  for (Due& one : due) {
    Piece own;
    const Piece* piece = &own;
    if (!one.derived.empty()) {
      own = maker.make(*one.interest, std::span(one.derived).subspan(one.place.batch), one.place);
      // Whatever of it was wanted, this far it has come.
      if (!own.failed && own.end.batch == one.derived.size())
        own.text += "id: " + to_string(StreamPlace{one.derived.back()->to}) + "\n\n";
    } else {
      const auto [at, fresh] = pieces.try_emplace({one.interest.get(), one.place});
      if (fresh) {
        at->second =
            maker.make(*one.interest, std::span(batches).subspan(one.place.batch - first), one.place);
      }
      piece = &at->second;
    }
    one.failed = piece->failed || !may_be_shown(*one.listener, piece->looked);
    if (one.failed) resets_.add();
    one.text += one.failed ? unreadable : piece->text;
    one.place = piece->end;
    if (!one.failed) rows_sent_.add(static_cast<double>(piece->rows));
    // A comment for whoever sits between, and the place, which moves though nothing of it was wanted.
    if (one.text.empty() && one.quiet) one.text = one.catches_up ? ":\n\n" : ":\nid: " + here + "\n\n";
  }
  {
    const std::lock_guard lock(mutex_);
    for (Due& one : due) {
      Listener& listener = *one.listener;
      if (one.failed) {
        forget_derived(listener);
        listener.place = {next, 0};
      } else if (!one.derived.empty()) {
        listener.derived_place = one.place;
        if (one.place.batch == one.derived.size()) forget_derived(listener);
        has_news_ = true;
      } else if (!one.catches_up) {
        listener.place = one.place;
      }
      if (listener.place.batch < next_) has_news_ = true;
      if (!one.text.empty()) {
        listener.written_ms = now_ms;
      } else if (listener.listed && !stopping_) {
        listener.chunk = std::move(one.chunk);
        one.kept = true;
      }
    }
  }
  {
    const http::AnswerBatch together;
    for (Due& one : due) {
      if (!one.text.empty()) {
        one.chunk.more(std::move(one.text));
      } else if (!one.kept) {
        one.chunk.end();
      }
    }
  }
  if (unsent_since_ms != 0 && !due.empty())
    delay_.observe(static_cast<double>(monotonic_ms() - unsent_since_ms) / 1'000);
}

/// What cannot be written down is not shown (REC-ACCESS).
bool LiveFeed::may_be_shown(const Listener& listener, Looked looked) const {
  if (looked.empty()) return true;
  return sources_.access->note(
      look_of(listener.asker, sources_.clock->now(), "GET /v1/stream", std::move(looked)));
}

/// Under the lock.
void LiveFeed::forget_derived(Listener& listener) {
  for (const Batch& batch : listener.derived) derived_octets_ -= batch->octets;
  listener.derived.clear();
  listener.derived_place = {};
}

/// What the ring does not know any more, or never did, the log tells. Many come back from the same place.
std::vector<LiveFeed::Batch> LiveFeed::derive(const StreamPlace& since, const Positions& to) {
  const auto between = [&](const Positions& from, const Positions& until) {
    for (const Batch& known : derived_) {
      if (known->from == from && known->to == until) return known;
    }
    derived_.push_back(std::make_shared<const RowChanges>(
        changes_between(*sources_.log, *sources_.store->snapshot(), *sources_.rules, from, until)));
    if (derived_.size() > 4) derived_.pop_front();
    return derived_.back();
  };
  std::vector<Batch> batches;
  if (since.rows > 0) batches.push_back(between(since.at, since.to));
  if (since.to != to) batches.push_back(between(since.to, to));
  return batches;
}

void LiveFeed::catch_up(const Handle& listener) {
  StreamPlace since;
  Positions to;
  Place place;
  {
    const std::lock_guard lock(mutex_);
    if (!listener->listed) return;
    since = *listener->since;
    to = end_;
    place = {next_, 0};
  }
  std::vector<Batch> derived;
  bool failed = false;
  try {
    derived = derive(since, to);
    failed = std::ranges::any_of(derived, [](const Batch& batch) { return !batch->whole; }) ||
             (since.rows > 0 && since.rows > derived.front()->rows.size());
  } catch (const std::exception&) { failed = true; }
  const std::lock_guard lock(mutex_);
  if (!listener->listed) return;
  listener->since.reset();
  listener->place = place;
  std::size_t octets = 0;
  for (const Batch& batch : derived) octets += batch->octets;
  if (failed || derived_octets_ + octets > stream_derived_octets_max) {
    listener->reset = reset_too_far_behind;
  } else {
    derived_octets_ += octets;
    listener->derived = std::move(derived);
    listener->derived_place = {0, since.rows};
  }
  has_news_ = true;
  news_.notify_one();
}

}  // namespace geleit
