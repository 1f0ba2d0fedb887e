#include "services/audit/bundle_opening.h"

#include "events/codec.h"
#include "services/seal.h"

namespace geleit {

std::optional<std::string> BundleOpening::open(const CaseId& case_id, KeyId key, SealedField field,
                                               std::string_view sealed) {
  if (keys_ == nullptr || key.is_nil() || sealed.empty()) return std::nullopt;
  if (!last_ || last_->id != key) last_ = keys_->find(key);
  auto clear = last_ ? open_field(*last_, case_id, field, sealed) : std::nullopt;
  (clear ? opened_ : gone_).insert(case_id);
  return clear;
}

OpenSealed BundleOpening::of(const Event& event) {
  return [this, id = event.stream, key = event.key](SealedField field, Sealed sealed) {
    return open(id, key, field, sealed.bytes);
  };
}

std::optional<PersonData> BundleOpening::person_of(const CaseRow& row) {
  const auto clear = open(row.id, row.person.key, SealedField::person, row.person.bytes);
  return clear ? std::optional(decode_person(*clear)) : std::nullopt;
}

std::optional<std::string> BundleOpening::note_of(const AlertRow& row) {
  const auto field = row.answer == AlertAnswer::acknowledged ? SealedField::note : SealedField::reason;
  return open(row.case_id, row.note.key, field, row.note.bytes);
}

}  // namespace geleit
