// What a replay finds: the same rows as they are and as they come out of the log again, compared octet by
// octet with the tables, column by column with an export, or under two rule books.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "projections/reading.h"
#include "services/audit/replay.h"
#include "services/audit/row_changes.h"

namespace geleit {

/// Differences by case. `before` is what stands there (a table, an export, the rules in force), `after` what
/// the replay gives. Thread-safe.
class DifferenceList {
 public:
  DifferenceList(bool json, Language language) : json_(json), language_(language) {}

  /// Nothing is done with none. A nil case is none: counters, whole tables.
  void add(const CaseId& id, std::string_view provider, std::span<const RowChange> changes);
  /// A case that could not be folded or derived.
  void add_failure(const CaseId& id, std::string failure);

  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t cases() const { return told_.size(); }
  [[nodiscard]] std::uint64_t rows_of(std::string_view table) const;
  [[nodiscard]] const std::map<CaseId, std::string>& failures() const { return failures_; }
  /// By case: for people a block each; as JSON the elements of an array, without its brackets.
  void append(std::string& out) const;

 private:
  bool json_;
  Language language_;
  std::mutex mutex_;
  std::uint64_t rows_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> by_table_;
  std::map<CaseId, std::string> told_;
  std::map<CaseId, std::string> failures_;
};

/// True for the tables that columns.h describes.
[[nodiscard]] bool is_list_table(Table table);

/// The change of one row, from its octets; `view` as in row_changes.h. Where no column shows what differs, or
/// the table is no list, the octets stand there in hexadecimal.
[[nodiscard]] RowChange octets_change(Table table, std::string_view key, const std::string* before,
                                      const std::string* after, const RowView& view);

/// Holds rows of a whole store against a rebuilt one, key by key: rows, index entries, counters, cases.
void compare_stores(const Store& live, const Store& replayed, std::span<const Table> tables,
                    const RowView& view, DifferenceList& out);

/// Holds the rows of replayed cases against the tables, octet by octet.
class LiveComparison {
 public:
  /// `tables`: none of trail and stale; key figures only where whole providers are replayed. All of it
  /// outlives this.
  LiveComparison(const Snapshot& live, const RuleBook& rules, std::span<const Table> tables,
                 const RowView& view, DifferenceList& out)
      : live_(live), rules_(rules), tables_(tables), view_(view), out_(out) {}
  /// Thread-safe.
  void add(const ReplayedCase& one);
  /// After the last case of a provider: what the tables hold of it beyond the replayed cases, and its
  /// counters.
  void finish_provider(std::string_view provider);

 private:
  void compare(Table table, std::string_view provider, const CaseId& id, Derived& derived);

  const Snapshot& live_;
  const RuleBook& rules_;
  std::span<const Table> tables_;
  const RowView& view_;
  DifferenceList& out_;
  std::mutex mutex_;
  std::set<CaseId> cases_;
  std::map<std::string, std::int64_t> counters_;  ///< by counter_key
};

/// Derives each case under two rule books and tells what differs; alerts are those that watch would have
/// raised under each.
class WhatIf {
 public:
  /// `tables` are list tables. All of it outlives this.
  WhatIf(const RuleBook& in_force, const RuleBook& other, std::span<const Table> tables, Instant now,
         Language language, DifferenceList& out);
  [[nodiscard]] ReplayHooks hooks();

 private:
  void done(ReplayedCase& one);
  [[nodiscard]] std::vector<RowChange> alert_changes(const ReplayedCase& one) const;

  const std::array<const RuleBook*, 2> books_;
  std::vector<Table> tables_;  ///< without alerts
  bool alerts_ = false;
  Instant now_;
  RowView view_;
  Language language_;
  DifferenceList& out_;
};

}  // namespace geleit
