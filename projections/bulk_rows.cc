#include "projections/bulk_rows.h"

#include <algorithm>
#include <cstring>

#include "projections/difference.h"

namespace geleit {
namespace {

std::uint64_t first_octets(std::string_view value) {
  char octets[8] = {};
  std::memcpy(octets, value.data(), std::min(value.size(), sizeof octets));
  return read_big_endian<std::uint64_t>({octets, sizeof octets});
}

std::uint64_t hash_of(const FigureKey& key) {
  const auto word = static_cast<std::uint64_t>(static_cast<std::uint32_t>(key.day.days)) << 32 |
                    static_cast<std::uint32_t>(key.value);
  const auto kind = static_cast<std::uint64_t>(key.span) << 8 | static_cast<std::uint64_t>(key.figure);
  const std::uint64_t product = (word ^ (kind * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
  return product ^ product >> 32;
}

}  // namespace

// ---------------------------------------------------------------- counters

BulkRows::Sums::Slot& BulkRows::Sums::slot_of(const FigureKey& key) {
  std::size_t at = hash_of(key) & (slots_.size() - 1);
  while (slots_[at].taken && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  return slots_[at];
}

void BulkRows::Sums::add(const FigureKey& key, std::int64_t amount) {
  Slot* slot = &slot_of(key);
  if (!slot->taken) {
    if (++taken_ * 2 > slots_.size()) {
      std::vector<Slot> old(slots_.size() * 2);
      old.swap(slots_);
      for (const Slot& one : old) {
        if (one.taken) slot_of(one.key) = one;
      }
      slot = &slot_of(key);
    }
    *slot = {key, true, 0};
  }
  slot->sum += amount;
}

template <class Each>
void BulkRows::Sums::take(Each&& each) {
  sorted_.clear();
  for (Slot& slot : slots_) {
    if (slot.taken && slot.sum != 0) sorted_.emplace_back(slot.key, slot.sum);
    slot.taken = false;
  }
  taken_ = 0;
  std::sort(sorted_.begin(), sorted_.end());
  for (const auto& [key, sum] : sorted_) each(key, sum);
}

// ---------------------------------------------------------------- rows

BulkRows::BulkRows(const RuleBook& rules, std::span<const Table> tables, Loader& loader)
    : rules_(rules), loader_(loader) {
  for (const ReadModel& model : read_models()) {
    if (std::find(tables.begin(), tables.end(), model.table) == tables.end()) continue;
    targets_.emplace_back().model = &model;
  }
}

void BulkRows::begin_provider(std::string_view provider) {
  end_provider();
  provider_ = provider;
  row_key_ = rows_of(provider);
  row_begin_ = row_key_.size();
}

void BulkRows::end_provider() {
  for (Target& target : targets_) {
    for (std::size_t i = 0; i < target.columns.size(); ++i) {
      write_column(target.model->table, static_cast<std::uint8_t>(i + 1), target.columns[i]);
    }
  }
  sums_.take([&](const FigureKey& key, std::int64_t sum) {
    loader_.put(Table::key_figures, 0, counter_key(provider_, key), encode_counter(sum));
    ++rows_[static_cast<std::size_t>(Table::key_figures)];
  });
}

void BulkRows::write_column(Table table, std::uint8_t number, Column& column) {
  if (column.entries.empty()) return;
  const char* const octets = column.octets.data();
  const auto value_at = [octets](std::uint32_t at) {
    return std::string_view(octets + at + 2, static_cast<unsigned char>(octets[at]));
  };
  // Entries of equal value stand in the order of their keys already.
  std::sort(column.entries.begin(), column.entries.end(), [&](const auto& a, const auto& b) {
    if (a.order != b.order) return a.order < b.order;
    const std::string_view x = value_at(a.at);
    const std::string_view y = value_at(b.at);
    if (x.size() == y.size() && x.size() <= sizeof a.order) return a.at < b.at;
    const int order = x.compare(y);
    return order != 0 ? order < 0 : a.at < b.at;
  });
  entry_key_ = index_of(number, provider_);
  const std::size_t begin = entry_key_.size();
  for (const auto& entry : column.entries) {
    const auto value_size = static_cast<unsigned char>(octets[entry.at]);
    const auto key_size = static_cast<unsigned char>(octets[entry.at + 1]);
    entry_key_.resize(begin);
    entry_key_.append(octets + entry.at + 2, static_cast<std::size_t>(value_size) + key_size);
    entry_key_.push_back(static_cast<char>(key_size));
    loader_.put(table, number, entry_key_, {});
  }
  column.entries.clear();
  column.octets.clear();
}

void BulkRows::add(const Case& c, Position last) {
  if (c.provider != provider_) begin_provider(c.provider);
  const Subject subject(c, rules_);
  for (Target& target : targets_) {
    derived_.clear();
    try {
      target.model->derive(subject, derived_);
    } catch (const std::exception& e) {
      parked_.push_back({c.id, target.model->table, last, e.what(), {}});
      continue;
    }
    const auto by_key = [](const DerivedRow& a, const DerivedRow& b) { return a.key < b.key; };
    if (!std::is_sorted(derived_.rows.begin(), derived_.rows.end(), by_key)) {
      std::sort(derived_.rows.begin(), derived_.rows.end(), by_key);
    }
    for (const DerivedRow& row : derived_.rows) {
      row_key_.resize(row_begin_);
      row_key_.append(row.key);
      loader_.put(target.model->table, 0, row_key_, row.bytes);
      for (const IndexKey& index : row.index) {
        assert(index.column >= 1 && index.column <= index_keys_max && row.key.size() <= 255);
        Column& column = target.columns[index.column - 1U];
        column.entries.push_back(
            {first_octets(index.value), static_cast<std::uint32_t>(column.octets.size())});
        const char sizes[2] = {static_cast<char>(index.value.size()), static_cast<char>(row.key.size())};
        column.octets.append(sizes, sizeof sizes).append(index.value).append(row.key);
      }
    }
    rows_[static_cast<std::size_t>(target.model->table)] += derived_.rows.size();
    for (const Contribution& count : derived_.counts) sums_.add(count.key, count.amount);
  }
}

void BulkRows::finish() { end_provider(); }

}  // namespace geleit
