// A record of the log as a CloudEvent (specversion 1.0, JSON format): what `geleit export` prints;
// schema/README.md names every attribute.
#pragma once

#include <string>
#include <string_view>

#include "events/chain.h"
#include "events/cloud_event_names.h"
#include "events/log.h"
#include "services/event_json.h"

namespace geleit {

struct RecordView {
  const StoredRecord& record;
  const Event& event;  ///< decoded from it
  Hash hash;           ///< as it states it
  Standing standing = Standing::accepted;
  /// Of the log: then its number and the record's own octets are told too. 0: they are not.
  std::uint16_t partitions = 0;
};

/// Appends one object on one line, without a line end. `source` names the log (`urn:uuid:…`). Extension
/// attributes are texts, whole numbers and truth values, as CloudEvents wants it: findings are a list with
/// commas, reasons the text of a JSON object. What `open` does not open is as `shown`; without it base64.
void append_cloud_event(std::string& out, std::string_view source, const RecordView& view,
                        const OpenSealed& open, const ShowSealed& shown = {});
/// A record that is no event of the log: where it lies and its octets.
void append_foreign_record(std::string& out, std::string_view source, const StoredRecord& record,
                           std::uint16_t partitions);
/// The type of such a line.
inline constexpr std::string_view foreign_record_type = "de.geleit.record";

[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace geleit
