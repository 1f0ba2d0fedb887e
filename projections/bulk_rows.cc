#include "projections/bulk_rows.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "projections/difference.h"
#include "projections/row_codec.h"

namespace geleit {
namespace {

std::uint64_t first_octets(std::string_view value) {
  char octets[8] = {};
  std::memcpy(octets, value.data(), std::min(value.size(), sizeof octets));
  return read_big_endian<std::uint64_t>({octets, sizeof octets});
}

/// Null's only octet as the first of eight: no value begins with it and seven zeros but one beyond all dates.
constexpr std::uint64_t order_of_null = std::uint64_t{0xff} << 56;

}  // namespace

// ---------------------------------------------------------------- counters

BulkRows::Sums::Packed BulkRows::Sums::pack(const FigureKey& key) {
  const auto sortable = [](std::int32_t number) { return static_cast<std::uint32_t>(number) ^ 0x80000000U; };
  return {static_cast<std::uint64_t>(key.span) << 48 | static_cast<std::uint64_t>(key.benefit) << 40 |
              static_cast<std::uint64_t>(key.figure) << 32 | sortable(key.day.days),
          sortable(key.value)};
}

FigureKey BulkRows::Sums::unpack(const Packed& key) {
  const auto number = [](std::uint64_t octets) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(octets) ^ 0x80000000U);
  };
  return {static_cast<Span>(key.high >> 48), static_cast<Benefit>(key.high >> 40 & 0xff),
          static_cast<Figure>(key.high >> 32 & 0xff), CivilDate{number(key.high)}, number(key.low)};
}

BulkRows::Sums::Slot& BulkRows::Sums::slot_of(const Packed& key) {
  const std::uint64_t product =
      (key.high ^ static_cast<std::uint64_t>(key.low) * 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;
  std::size_t at = (product ^ product >> 32) & (slots_.size() - 1);
  while (slots_[at].taken && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  return slots_[at];
}

void BulkRows::Sums::add(const FigureKey& key, std::int64_t amount) {
  const Packed packed = pack(key);
  Slot* slot = &slot_of(packed);
  if (!slot->taken) {
    if (++taken_ * 2 > slots_.size()) {
      std::vector<Slot> old(slots_.size() * 2);
      old.swap(slots_);
      for (const Slot& one : old) {
        if (one.taken) slot_of(one.key) = one;
      }
      slot = &slot_of(packed);
    }
    *slot = {packed, true, 0};
  }
  slot->sum += amount;
}

template <class Each>
void BulkRows::Sums::take(Each&& each) {
  if (taken_ == 0) return;
  sorted_.clear();
  for (Slot& slot : slots_) {
    if (slot.taken && slot.sum != 0) sorted_.push_back(slot);
    slot.taken = false;
  }
  taken_ = 0;
  std::sort(sorted_.begin(), sorted_.end(), [](const Slot& a, const Slot& b) { return a.key < b.key; });
  for (const Slot& slot : sorted_) each(unpack(slot.key), slot.sum);
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
  row_key_.begin(rows_of(provider));
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

void BulkRows::add_entry(Column& column, std::string_view value, std::string_view key) {
  const std::size_t size = 2 + value.size() + key.size();
  if (column.filled + size > column.octets.size()) {
    column.octets.resize(std::max<std::size_t>(4096, 2 * (column.octets.size() + size)));
  }
  assert(column.filled <= UINT32_MAX && value.size() <= 255 && key.size() <= 255);
  const std::uint64_t order = first_octets(value);
  if (value.size() > sizeof order || (order == order_of_null && value != order_key_of_null)) {
    column.told_by_order = false;
  }
  column.entries.push_back({order, static_cast<std::uint32_t>(column.filled)});
  char* at = column.octets.data() + column.filled;
  at[0] = static_cast<char>(value.size());
  at[1] = static_cast<char>(key.size());
  std::memcpy(at + 2, value.data(), value.size());
  std::memcpy(at + 2 + value.size(), key.data(), key.size());
  column.filled += size;
}

void BulkRows::write_column(Table table, std::uint8_t number, Column& column) {
  if (column.entries.empty()) return;
  const char* const octets = column.octets.data();
  const auto value_at = [octets](std::uint32_t at) {
    return std::string_view(octets + at + 2, static_cast<unsigned char>(octets[at]));
  };
  // Entries of equal value stand in the order of their keys already.
  using Entry = Column::Entry;
  if (column.told_by_order) {
    std::sort(column.entries.begin(), column.entries.end(), [](const Entry& a, const Entry& b) {
      return a.order != b.order ? a.order < b.order : a.at < b.at;
    });
  } else {
    std::sort(column.entries.begin(), column.entries.end(), [&](const Entry& a, const Entry& b) {
      if (a.order != b.order) return a.order < b.order;
      const int order = value_at(a.at).compare(value_at(b.at));
      return order != 0 ? order < 0 : a.at < b.at;
    });
  }
  entry_key_.begin(index_of(number, provider_));
  for (const Entry& entry : column.entries) {
    const auto value_size = static_cast<unsigned char>(octets[entry.at]);
    const auto key_size = static_cast<unsigned char>(octets[entry.at + 1]);
    const std::string_view value_and_key(octets + entry.at + 2, std::size_t{value_size} + key_size);
    loader_.put(table, number, entry_key_.with(value_and_key, static_cast<char>(key_size)), {});
  }
  column.entries.clear();
  column.filled = 0;
  column.told_by_order = true;
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
      assert(row.key.size() <= 255);
      loader_.put(target.model->table, 0, row_key_.with(row.key), row.bytes);
      for (const IndexKey& index : row.index) {
        assert(index.column >= 1 && index.column <= index_keys_max);
        add_entry(target.columns[index.column - 1U], index.value, row.key);
      }
    }
    rows_[static_cast<std::size_t>(target.model->table)] += derived_.rows.size();
    for (const Contribution& count : derived_.counts) sums_.add(count.key, count.amount);
  }
}

void BulkRows::finish() { end_provider(); }

}  // namespace geleit
