#include <deque>

#include "events/civil_time.h"
#include "events/codec.h"
#include "projections/evolve.h"
#include "projections/rules/rule_set.h"
#include "services/intake/command_json.h"
#include "services/intake/decide.h"
#include "tests/fuzz/targets.h"

namespace geleit::fuzz {
namespace {

class KeepingSealer final : public Sealer {
 public:
  Sealed seal(SealedField, std::string_view clear) override { return {kept_.emplace_back(clear)}; }

 private:
  std::deque<std::string> kept_;
};

/// The event that the command would be on an empty case, as bytes; nothing when it is refused.
std::optional<std::string> record_of(Command& command, Instant now) {
  const auto rules = shipped_rule_sets().back();
  RuleBook book;
  book.adopt({SettingsScope::shipped, rules->from(), rules->hash(), rules->content()});
  KeepingSealer sealer;
  if (command.id.is_nil()) command.id = {{0x0190'0000'0000'7000, 0x8000'0000'0000'0001}};
  const auto decided =
      decide({}, command,
             {.now = now, .today = berlin_date(now), .rules = *rules, .rule_book = book, .seal = sealer});
  if (const auto* rejection = std::get_if<Rejection>(&decided)) {
    require(!rejection->detail.de.empty() && !rejection->detail.en.empty(), "a refusal without a sentence");
    return std::nullopt;
  }
  const Proposal& proposal = std::get<Proposal>(decided);
  Event event;
  event.id = command.id;
  event.stream = case_of(command);
  event.version = Version{1};
  event.happened = command.happened;
  event.decided = now;
  event.by = command.by;
  const auto* settings = std::get_if<AdoptSettings>(&command.data);
  event.provider = settings ? settings->provider : std::get<ReceiveReferral>(command.data).provider;
  if (!settings) event.judged_by.shipped = rules->hash();
  event.findings = proposal.findings;
  event.deviations = proposal.deviations;
  event.payload = proposal.payload;
  std::string bytes = encode(event);
  const Event again = decode(bytes);
  require(again == event, "an event was decoded as another one");
  require(encode(again) == bytes, "an event was encoded again as other bytes");
  if (settings) {
    book.adopt(again);
    (void)book.at(book.in_force(settings->provider, settings->from));
    return bytes;
  }
  Case folded;
  evolve(folded, again, stated_hash(bytes));
  return bytes;
}

}  // namespace

void take_command(std::string_view bytes) {
  const Instant now = berlin_time(civil(2026, 6, 30), 12, 0);
  CommandReader reader;
  auto read = reader.read(bytes, now);
  auto again = reader.read(" \n" + std::string(bytes) + "\t", now);
  if (const auto* rejection = std::get_if<Rejection>(&read)) {
    require(!rejection->detail.de.empty() && !rejection->detail.en.empty(), "a refusal without a sentence");
    // With blanks around it a text that is too long may be told so a little earlier.
    require(std::holds_alternative<Rejection>(again), "refused, but accepted with blanks around it");
    return;
  }
  Command& command = std::get<Command>(read);
  if (auto* same = std::get_if<Command>(&again)) {
    require(same->content == command.content, "the same text has another content the second time");
    require(same->name() == command.name(), "the same text is another command the second time");
  } else {
    require(std::get<Rejection>(again).kind == RejectionKind::too_large,
            "blanks around it changed the answer");
  }
  Command moved = std::move(command);
  const auto first = record_of(moved, now);
  const auto second = record_of(moved, now);
  require(first == second, "the same command was decided twice and became two events");
}

}  // namespace geleit::fuzz
