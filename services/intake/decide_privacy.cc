// What becomes of the personal data of a case (REC-ERASE, REC-RETENTION).
#include "projections/retention.h"
#include "services/intake/judgement.h"

namespace geleit {

Decided decide_on(Judgement& j, const RestrictProcessing& c) {
  if (!j.stands(j.state().personal_data == PersonalDataState::kept, sentence(message::unrestricted_data),
                sentence(message::data_is_restricted)) ||
      !j.passes()) {
    return j.refusal();
  }
  return j.accept(ProcessingRestricted{j.seal(SealedField::reason, c.reason)});
}

Decided decide_on(Judgement& j, const LiftRestriction& c) {
  if (!j.stands(j.state().personal_data == PersonalDataState::restricted, sentence(message::restricted_data),
                sentence(message::data_is_not_restricted)) ||
      !j.passes()) {
    return j.refusal();
  }
  return j.accept(RestrictionLifted{j.seal(SealedField::reason, c.reason)});
}

// The keys are gone already, and that is what is recorded; whether they might go was looked at before.
Decided decide_on(Judgement& j, const ErasePersonalData& c) {
  if (!j.stands(j.state().personal_data != PersonalDataState::erased, sentence(message::readable_person),
                sentence(message::erased_person)) ||
      !j.passes()) {
    return j.refusal();
  }
  return j.accept(PersonalDataErased{c.grounds, kept_until(j.state(), j.rules())});
}

}  // namespace geleit
