#include "services/query/opening.h"

#include "events/codec.h"
#include "services/seal.h"

namespace geleit {
namespace {

std::optional<std::string> open(const KeyStore& keys, KeyId id, const CaseId& case_id, SealedField field,
                                std::string_view sealed) {
  if (id.is_nil() || sealed.empty()) return std::nullopt;
  const auto key = keys.find(id);
  return key ? open_field(*key, case_id, field, sealed) : std::nullopt;
}

}  // namespace

Opener opener_of(const KeyStore& keys) {
  Opener opener;
  opener.person = [&keys](const CaseId& id, const SealedCopy& copy) -> std::optional<PersonData> {
    const auto clear = open(keys, copy.key, id, SealedField::person, copy.bytes);
    return clear ? std::optional(decode_person(*clear)) : std::nullopt;
  };
  opener.reference = [&keys](const CaseId& id, const SealedCopy& copy) {
    return open(keys, copy.key, id, SealedField::reference, copy.bytes);
  };
  opener.note = [&keys](const AlertRow& row) {
    const auto field = row.answer == AlertAnswer::acknowledged ? SealedField::note : SealedField::reason;
    return open(keys, row.note.key, row.case_id, field, row.note.bytes);
  };
  return opener;
}

OpenSealed opener_of(const KeyStore& keys, const Event& event) {
  return [&keys, key = event.key, id = event.stream](SealedField field, Sealed sealed) {
    return open(keys, key, id, field, sealed.bytes);
  };
}

}  // namespace geleit
