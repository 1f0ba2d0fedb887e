// Lists over the tables: filters, order, pages, JSON, CSV and XLSX (API.md, Reading). Pure functions of one
// snapshot; the listener checks roles, waits for positions and makes responses of what comes out here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "projections/columns.h"
#include "projections/reading.h"
#include "services/http/http.h"

namespace geleit {

/// Opens sealed fields for an asker who may see them. Nothing where the key is gone; an empty function where
/// the asker may not.
struct Opener {
  std::function<std::optional<PersonData>(const CaseId&, const SealedCopy&)> person;
  /// The same where nothing of it is shown: names are searched, and who is not found was not looked at.
  /// Empty: `person` does it.
  std::function<std::optional<PersonData>(const CaseId&, const SealedCopy&)> search;
  std::function<std::optional<std::string>(const CaseId&, const SealedCopy&)> reference;
  /// What was written to an answered alert (AlertRow::note).
  std::function<std::optional<std::string>(const AlertRow&)> note;
};

inline constexpr std::int64_t page_rows_max = 500;
inline constexpr std::int64_t page_rows_default = 100;

/// Rows of a list that is asked for as a whole; more are 400.
inline constexpr std::int64_t whole_rows_max = 100'000;

enum class ListForm : std::uint8_t { json, csv, xlsx };

/// The two times of a question (API.md, Two times), where it has any.
struct PastTimes {
  std::optional<Instant> known_at;
  std::optional<CivilDate> as_of;
  /// Every partition has been read past `known_at`: the answer can never change.
  bool final = false;
};

/// What somebody asks of a list.
struct ListQuestion {
  /// As they stand in the query. `wait_for` and what the caller has taken out itself is passed over.
  std::span<const http::QueryParameter> parameters;
  ListForm form = ListForm::json;
  /// All of it, up to `whole_rows_max`, where `limit` does not say how much; for files that nobody pages
  /// through.
  bool whole = false;
  std::string_view name;  ///< of a spreadsheet's sheet
  CivilDate today;        ///< the clock's; `today=` replaces it
  Language language = Language::de;
  const RuleBook* rules = nullptr;  ///< never null
  const Opener* opener = nullptr;   ///< null: persons stay sealed
  std::int64_t lag_ms = 0;          ///< as the projector knows it, for `as_at`
  /// The only provider whose rows the asker may see; none = all.
  std::optional<std::string> only_provider;
  /// Lists that the asker may not read are empty in a case; not set: all may be read.
  std::function<bool(std::string_view list)> reads;
  /// Of tables that are not the present ones: told in `as_at`, and cursors are of them only.
  std::optional<PastTimes> times;
  /// Then too: what became since of the personal data of a case. Who is erased or restricted by now is not
  /// read in any past.
  std::function<PersonalDataState(const CaseId&)> data_now;
};

/// One page: the whole body, and the cursor of the next page (also within JSON), empty on the last.
struct ListPage {
  std::string body;
  std::string next;
};

/// 400: the parameter that is wrong and the sentence that says so.
struct ListFault {
  std::string field;
  std::string detail;
};

using ListAnswer = std::variant<ListPage, ListFault>;

/// A page of one of list_tables(). Besides its columns, each of them is asked by what its rows' cases are:
/// `leads=a,b` (led by one of them), `name=` (parts of the person's name, for who may see it), `ended=`;
/// `with=person` shows the person and the lead beside the row, `count=true` tells how many rows there are
/// from the cursor on.
[[nodiscard]] ListAnswer list(const Reading& reading, const ListTable& table, const ListQuestion& question);
/// A page of `key-figures`.
[[nodiscard]] ListAnswer list_figures(const Reading& reading, const ListQuestion& question);

/// A row that lies in memory, with the key that breaks ties.
struct KeyedRow {
  std::string key;
  AnyRow row;
};
/// A page of rows that were computed for this question, with the same filters, order and cursors. `sorts` as
/// in ListTable, every name a column; `tag` tells cursors of one list from those of another. Parameters named
/// in `passed_over` are the caller's.
[[nodiscard]] ListAnswer list_rows(const StoreState& state, std::span<const Column> columns,
                                   std::span<const SortColumn> sorts, std::vector<KeyedRow> rows,
                                   std::uint8_t tag, std::span<const std::string_view> passed_over,
                                   const ListQuestion& question);

/// Whether a provider's row is one that somebody asked for.
using RowFilter = std::function<bool(std::string_view provider, const AnyRow& row, const Asked& asked)>;
/// What a list of that table with these filters would hold: `provider` and the columns' filters; no other
/// parameter. Only `parameters`, `rules`, `language` and `only_provider` of the question count.
[[nodiscard]] std::variant<RowFilter, ListFault> row_filter(const ListTable& table,
                                                            const ListQuestion& question);
/// Takes out of a row, such as one of a past, what may not be read of its person by now. Twice is as once.
void withhold(AnyRow& row, PersonalDataState now);
/// The case that a row names a person or holds a note of; null where it does neither.
[[nodiscard]] const CaseId* person_shown(const AnyRow& row);
/// Lets `show` look at a row with what `opener` may open of it.
void show_opened(const AnyRow& row, Asked asked, const Opener* opener,
                 const std::function<void(const Asked& asked)>& show);

/// `{"positions":{"0":123},"last_event":…,"lag_ms":0,"today":…}`: the offset of the last record read in each
/// partition that has any; of a past also `known_at`, `as_of`, `final`.
void append_as_at(std::string& out, const StoreState& state, std::int64_t lag_ms, CivilDate today,
                  const std::optional<PastTimes>& times);

/// `today=` among the parameters, else the question's; or the fault in it.
[[nodiscard]] std::variant<CivilDate, ListFault> today_of(const ListQuestion& question);

}  // namespace geleit
