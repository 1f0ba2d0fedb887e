// What retention lets go, erasing a person, and restricting instead (RULES.md, REC-*).
//
//   erase: the tables have read all there is ─▶ every case of the person has ended and its retention passed
//          ─▶ journal ─▶ keys destroyed ─▶ PersonalDataErased in each case        killed in between:
//          complete()
//
// Answers are those of the surface, so that a service and a command beside no service say the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/retention.h"
#include "services/erasures.h"
#include "services/http/http.h"
#include "services/language.h"

namespace geleit {

class Service;

/// How long a backup that holds keys may be kept (DESIGN.md, Trust).
inline constexpr int key_backup_days = 30;

/// When the last octets of a person's keys are gone that are in no hand of this program.
struct KeysGone {
  std::optional<CivilDate> backups_on;  ///< none: no backup is known that holds them
  std::optional<Instant> topic_by;      ///< on Kafka: when compaction has removed the last record of them
};
/// `last_backup`: when the last one known was made; `on_kafka`: the keys lie in a compacted topic.
[[nodiscard]] KeysGone keys_gone(Instant erased, std::optional<Instant> last_backup, bool on_kafka);

/// Over a service that has started and is an intake. One thread.
class Privacy {
 public:
  /// `only`: the one provider whose persons there are for whoever asks; none: all.
  explicit Privacy(Service& service, std::optional<std::string> only = std::nullopt)
      : service_(service), only_(std::move(only)) {}

  /// Persons that retention lets go on that day (null: today), the longest waiting first.
  [[nodiscard]] http::Response due(std::optional<CivilDate> on, Language language);
  /// What was erased and when the last of its keys will be gone, and what is restricted.
  [[nodiscard]] http::Response status(Language language);
  /// `about`: a person's id, or the id of one of their cases. `by`: a staff slug, or empty.
  [[nodiscard]] http::Response erase(std::string_view about, ErasureGrounds grounds, std::string_view by,
                                     Language language);
  /// All cases of the person; `lift`: takes it back.
  [[nodiscard]] http::Response restrict(std::string_view about, std::string_view reason, std::string_view by,
                                        bool lift, Language language);
  /// Records what a kill or a restore has left open. How many cases those were.
  std::size_t complete();

 private:
  struct KeptCase;
  struct Person;
  [[nodiscard]] std::vector<Person> persons() const;
  [[nodiscard]] std::optional<Person> find(std::string_view about) const;
  [[nodiscard]] bool tables_have_all() const;
  [[nodiscard]] std::vector<Erasure> erasures() const;
  [[nodiscard]] bool record(const std::string& lines, std::size_t count);
  [[nodiscard]] std::optional<Instant> last_backup() const;

  Service& service_;
  std::optional<std::string> only_;
};

}  // namespace geleit
