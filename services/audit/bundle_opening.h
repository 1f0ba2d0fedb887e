// The one place where an audit bundle opens personal data.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "projections/row_codec.h"
#include "services/event_json.h"
#include "services/key_store.h"

namespace geleit {

/// Opens sealed fields while the keys can be read and remembers whose it opened. Not thread-safe.
class BundleOpening {
 public:
  /// Null: everything stays sealed.
  explicit BundleOpening(const KeyStore* keys) : keys_(keys) {}

  /// Every opening of a bundle goes through here. Nothing where the key is gone, or may not be read.
  [[nodiscard]] std::optional<std::string> open(const CaseId& case_id, KeyId key, SealedField field,
                                                std::string_view sealed);

  [[nodiscard]] OpenSealed of(const Event& event);
  [[nodiscard]] std::optional<PersonData> person_of(const CaseRow& row);
  [[nodiscard]] std::optional<std::string> note_of(const AlertRow& row);

  /// Cases of which something was opened.
  [[nodiscard]] const std::set<CaseId>& opened() const { return opened_; }
  /// Cases of which something was to be opened, but the key is gone.
  [[nodiscard]] const std::set<CaseId>& gone() const { return gone_; }

 private:
  const KeyStore* keys_;
  std::shared_ptr<const PersonKey> last_;  ///< mostly asked for again at once
  std::set<CaseId> opened_, gone_;
};

}  // namespace geleit
