#include "projections/reading.h"

#include <algorithm>
#include <queue>

#include "projections/difference.h"
#include "projections/projector.h"
#include "projections/table_keys.h"

namespace geleit {
namespace {

/// The least bytes that are greater than everything beginning with `prefix`.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

/// One provider's rows or index entries in the run's order, some of them at hand. All providers share one
/// cursor: making one for each costs more than what most pages read.
class ProviderRun {
 public:
  ProviderRun(std::string provider, const Run& run, const Run::Beside& part)
      : provider_(std::move(provider)),
        column_(part.column),
        descending_(run.descending),
        prefix_(column_ == 0 ? rows_of(provider_) : index_of(column_, provider_)) {
    if (run.after) {
      resume_ = column_ == 0 ? prefix_ + run.after->key
                             : index_key(column_, provider_, run.after->value, run.after->key);
      passed_ = true;
    } else if (run.from && column_ != 0) {
      resume_ = descending_ ? after_prefix(prefix_ + *run.from) : prefix_ + *run.from;
    } else {
      resume_ = descending_ ? after_prefix(prefix_) : prefix_;
    }
    const std::string low = prefix_ + part.low.value_or("");
    const std::string high = after_prefix(prefix_ + part.high.value_or(""));
    end_ = descending_ ? low : high;
    resume_ = descending_ ? std::min(resume_, high) : std::max(resume_, low);
  }

  /// Takes the next entries, at most so many; false when there are none.
  bool fill(Snapshot::Cursor& cursor, std::size_t entries_max) {
    entries_.clear();
    at_ = 0;
    if (ended_) return false;
    if (descending_) {
      cursor.seek_before(resume_);
    } else {
      cursor.seek(resume_);
      if (passed_ && cursor.valid() && cursor.key() == resume_) cursor.next();
    }
    while (entries_.size() < entries_max) {
      if (!cursor.valid() || is_past_end(cursor.key())) {
        ended_ = true;
        break;
      }
      entries_.push_back({std::string(cursor.key()), std::string(column_ == 0 ? cursor.value() : "")});
      if (entries_.size() == entries_max) break;
      if (descending_) {
        cursor.previous();
      } else {
        cursor.next();
      }
    }
    if (entries_.empty()) return false;
    resume_ = entries_.back().key;
    passed_ = true;
    return true;
  }
  /// To the next entry at hand; false behind the last.
  bool next() { return ++at_ < entries_.size(); }

  [[nodiscard]] const std::string& provider() const { return provider_; }
  [[nodiscard]] std::string_view key() const {
    const std::string_view entry = entries_[at_].key;
    return column_ == 0 ? entry.substr(prefix_.size()) : key_in_index(entry);
  }
  [[nodiscard]] std::string_view value() const {
    if (column_ == 0) return {};
    const std::string_view entry = entries_[at_].key;
    return entry.substr(prefix_.size(), entry.size() - prefix_.size() - 1 - key().size());
  }
  [[nodiscard]] std::string_view bytes() const { return entries_[at_].bytes; }
  /// Orders runs by what they stand at.
  [[nodiscard]] bool comes_before(const ProviderRun& other) const {
    const int order = value().compare(other.value());
    if (order != 0) return descending_ ? order > 0 : order < 0;
    return descending_ ? key() > other.key() : key() < other.key();
  }

 private:
  struct Entry {
    std::string key, bytes;
  };
  [[nodiscard]] bool is_past_end(std::string_view key) const {
    return descending_ ? key < end_ : key >= end_;
  }

  std::string provider_;
  std::uint8_t column_;
  bool descending_;
  std::string prefix_;
  std::string end_;      ///< ascending, where the run ends; descending, the least that belongs to it
  std::string resume_;   ///< where the cursor goes on
  bool passed_ = false;  ///< what lies exactly there has been read
  bool ended_ = false;
  std::vector<Entry> entries_;
  std::size_t at_ = 0;
};

/// All providers' runs as one.
class MergedRun {
 public:
  MergedRun(const Snapshot& snapshot, Table table, std::vector<std::string> providers, const Run& run)
      : cursor_(snapshot.cursor(table)) {
    // A page takes all of its rows of a single provider, few of each of some, and of most of many none.
    if (providers.size() == 1) entries_ = entries_max;
    if (providers.size() > many_providers) entries_ = 1;
    runs_.reserve((1 + run.beside.size()) * providers.size());
    for (const std::string& provider : providers) {
      add({provider, run, {run.column, {}, {}}});
      for (const Run::Beside& part : run.beside) add({provider, run, part});
    }
    std::make_heap(runs_.begin(), runs_.end(), comes_after);
  }
  [[nodiscard]] bool valid() const { return !runs_.empty(); }
  [[nodiscard]] const ProviderRun& front() const { return *runs_.front(); }
  void next() {
    std::pop_heap(runs_.begin(), runs_.end(), comes_after);
    if (runs_.back()->next() || runs_.back()->fill(*cursor_, entries_)) {
      std::push_heap(runs_.begin(), runs_.end(), comes_after);
    } else {
      runs_.pop_back();
    }
    // Whoever reads on is likely to read much.
    if (++read_ % read_before_more == 0) entries_ = std::min(2 * entries_, entries_max);
  }

 private:
  static constexpr std::size_t many_providers = 32, entries_min = 2, entries_max = 64, read_before_more = 128;
  using Item = std::unique_ptr<ProviderRun>;
  void add(ProviderRun run) {
    if (run.fill(*cursor_, entries_)) runs_.push_back(std::make_unique<ProviderRun>(std::move(run)));
  }
  static bool comes_after(const Item& a, const Item& b) { return b->comes_before(*a); }

  std::unique_ptr<Snapshot::Cursor> cursor_;
  std::vector<Item> runs_;
  std::size_t entries_ = entries_min, read_ = 0;
};

// Index entries are read ahead and their rows fetched together: few at first, for most pages end early.
constexpr std::size_t read_ahead_rows_min = 32;
constexpr std::size_t read_ahead_rows_max = 512;

}  // namespace

std::optional<Case> Reading::find_case(const CaseId& id) const {
  const auto bytes = snapshot_->get(Table::stored_cases, id_key(id.value));
  if (!bytes) return std::nullopt;
  StoredCase stored = decode_stored_case(*bytes);
  if (!stored.state.exists()) return std::nullopt;
  return std::move(stored.state);
}

void Reading::rows(Table table, std::optional<std::string_view> provider, const Run& run,
                   const std::function<bool(const FoundRow&)>& visit) const {
  MergedRun merged(*snapshot_, table,
                   provider ? std::vector<std::string>{std::string(*provider)} : providers(), run);
  if (run.column == 0) {
    for (; merged.valid(); merged.next()) {
      const ProviderRun& at = merged.front();
      if (!visit({at.provider(), {}, at.key(), at.bytes()})) return;
    }
    return;
  }
  struct Entry {
    std::string provider, value, key;
  };
  std::vector<Entry> entries;
  std::vector<std::string> keys;
  std::vector<std::optional<std::string>> bytes;
  for (std::size_t ahead = read_ahead_rows_min; merged.valid();
       ahead = std::min(ahead * 2, read_ahead_rows_max)) {
    entries.clear();
    keys.clear();
    for (; merged.valid() && entries.size() < ahead; merged.next()) {
      const ProviderRun& at = merged.front();
      entries.push_back({at.provider(), std::string(at.value()), std::string(at.key())});
      keys.push_back(row_key(at.provider(), at.key()));
    }
    snapshot_->get_many(table, keys, bytes);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      // Rows and index entries change in one batch: one without the other is damage, which `geleit check`
      // tells.
      if (!bytes[i]) throw StoreDamaged("an index entry without its row; rebuild the table");
      if (!visit({entries[i].provider, entries[i].value, entries[i].key, *bytes[i]})) return;
    }
  }
}

void Reading::rows_of_case(Table table, std::string_view provider, const CaseId& id,
                           const std::function<bool(const FoundRow&)>& visit) const {
  const std::string first = row_key(provider, id_key(id.value));
  const std::size_t prefix = rows_of(provider).size();
  snapshot_->scan(table, first, false, [&](std::string_view key, std::string_view bytes) {
    return key.starts_with(first) && visit({provider, {}, key.substr(prefix), bytes});
  });
}

void Reading::counters(std::string_view provider, Span span, Benefit benefit, Figure figure, CivilDate from,
                       CivilDate to, const std::function<void(const FigureKey&, std::int64_t)>& visit) const {
  if (from > to) return;
  const std::string first =
      counter_key(provider, {span, benefit, figure, from, std::numeric_limits<std::int32_t>::min()});
  const std::string last =
      counter_key(provider, {span, benefit, figure, to, std::numeric_limits<std::int32_t>::max()});
  snapshot_->scan(Table::key_figures, first, false, [&](std::string_view key, std::string_view value) {
    if (key > last) return false;
    if (const auto parsed = parse_counter_key(provider, key)) visit(*parsed, decode_counter(value));
    return true;
  });
}

std::optional<std::pair<CivilDate, CivilDate>> Reading::counted_days(std::string_view provider,
                                                                     Benefit benefit) const {
  std::optional<std::pair<CivilDate, CivilDate>> days;
  const auto cursor = snapshot_->cursor(Table::key_figures);
  const auto note = [&] {
    if (!cursor->valid()) return;
    const auto key = parse_counter_key(provider, cursor->key());
    if (!key || key->span != Span::day) return;
    if (!days) days.emplace(key->day, key->day);
    days->first = std::min(days->first, key->day);
    days->second = std::max(days->second, key->day);
  };
  for (const Figure figure : all_figures) {
    constexpr CivilDate begin{std::numeric_limits<std::int32_t>::min()},
        end{std::numeric_limits<std::int32_t>::max()};
    const auto of_figure = [&](CivilDate day, std::int32_t value) {
      return counter_key(provider, {Span::day, benefit, figure, day, value});
    };
    const std::string first = of_figure(begin, std::numeric_limits<std::int32_t>::min());
    const std::string last = of_figure(end, std::numeric_limits<std::int32_t>::max());
    cursor->seek(first);
    if (!cursor->valid() || cursor->key() > last) continue;
    note();
    cursor->seek_before(last);
    note();
  }
  return days;
}

}  // namespace geleit
