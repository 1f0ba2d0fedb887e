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
};

/// Appends one object on one line, without a line end. `source` names the log (`urn:uuid:…`). Extension
/// attributes are texts, whole numbers and truth values, as CloudEvents wants it: findings are a list with
/// commas, reasons the text of a JSON object. What `open` does not open stands as base64.
void append_cloud_event(std::string& out, std::string_view source, const RecordView& view,
                        const OpenSealed& open);

[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace geleit
