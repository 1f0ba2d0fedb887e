// How the audit says things to people: dates, moments, words of closed vocabularies and names of fields, in
// German and English. Codes (rule ids, slugs, ids) are the same in both.
#pragma once

#include <string>
#include <string_view>

#include "projections/columns.h"

namespace geleit {

/// "02.03.2026"; English as everywhere in the program: "2026-03-02".
[[nodiscard]] std::string date_words(CivilDate date, Language language);
/// "02.03.2026, 14:10 Uhr", Berlin's time; `seconds`: with them.
[[nodiscard]] std::string instant_words(Instant at, Language language, bool seconds = false);
[[nodiscard]] std::string units_words(std::int32_t units, Language language);
[[nodiscard]] std::string minutes_words(Minutes minutes, Language language);
/// "SMN-START (Beginn der Nachsorge)", as the newest rule set of this program calls it.
[[nodiscard]] std::string rule_words_of(Rule rule, Language language);
/// A word of a vocabulary as people say it ("zu Hause", "ausgefallen"); what nobody knows stays as it is.
/// `field` is the column or member it stands in, `table` the table of a column, else empty.
[[nodiscard]] std::string word_words(std::string_view table, std::string_view field, std::string_view word,
                                     Language language);
/// What people call a column of a table, or a member of an event (`table` empty).
[[nodiscard]] std::string field_words(std::string_view table, std::string_view field, Language language);
/// A value of a column as people read it; "–" for none.
[[nodiscard]] std::string value_words(std::string_view table, std::string_view field, ColumnType type,
                                      const Value& value, Language language);
/// The same as JSON, as `geleit get --json` writes it.
[[nodiscard]] std::string value_json(ColumnType type, const Value& value);

}  // namespace geleit
