// Sealing personal data: XChaCha20-Poly1305 with a key per person (libsodium). A sealed field is 24 octets of
// nonce, the ciphertext and its tag, bound to its case and kind of field; the nonce is a keyed hash of what
// is sealed and for which event, so that the same command always yields the same bytes and no nonce serves
// two texts.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "events/event.h"
#include "services/key_store.h"
#include "services/sealer.h"

namespace geleit {

/// How much longer a sealed field is than its clear text.
inline constexpr std::size_t sealed_overhead_octets = 24 + 16;
[[nodiscard]] std::string seal_field(const PersonKey& key, const CaseId& case_id, const EventId& event,
                                     SealedField field, std::string_view clear);
/// Nothing when the bytes were not sealed with this key for this case and field.
[[nodiscard]] std::optional<std::string> open_field(const PersonKey& key, const CaseId& case_id,
                                                    SealedField field, std::string_view sealed);

/// Seals the fields of one event and keeps their bytes until it is gone.
class EventSealer final : public Sealer {
 public:
  EventSealer(const PersonKey& key, const CaseId& case_id, const EventId& event)
      : key_(key), case_(case_id), event_(event) {}
  Sealed seal(SealedField field, std::string_view clear) override;

 private:
  const PersonKey& key_;
  CaseId case_;
  EventId event_;
  std::deque<std::string> sealed_;
};

/// First 16 octets of HMAC-SHA-256 of a command's content.
[[nodiscard]] ContentTag content_tag(const PersonKey& key, std::string_view content);

}  // namespace geleit
