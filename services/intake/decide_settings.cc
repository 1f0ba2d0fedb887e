#include "projections/rules/settings.h"
#include "services/intake/judgement.h"

namespace geleit {

/// Settings rest on no case: what a shipped set allows to be set is all that is asked. So they are decided
/// alike in every state of their stream, and again is a further version.
Decided decide_on(Judgement& j, const AdoptSettings& c) {
  const auto refused = [](const SettingsFault& fault) {
    return Rejection{
        .kind = fault.rule ? RejectionKind::rule_rejected : RejectionKind::malformed,
        .detail = expected_but({fault.expected_de, fault.expected_en}, {fault.found_de, fault.found_en}),
        .rule = fault.rule,
        .field = fault.field};
  };
  const auto read = Settings::parse(c.settings.document);
  if (const auto* fault = std::get_if<SettingsFault>(&read)) return refused(*fault);
  const Settings& settings = *std::get<std::shared_ptr<const Settings>>(read);
  if (const auto fault = settings.not_allowed(j.rules())) return refused(*fault);
  return j.accept(SettingsAdopted{settings.scope(), settings.from(), settings.hash(), c.settings.document});
}

}  // namespace geleit
