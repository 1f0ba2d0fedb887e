// The inside of a Request: one allocation that everything else views. Known to the connection and the router
// only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/http/http.h"
#include "services/http/memory_share.h"

namespace geleit::http {

struct Slice {
  std::uint32_t at = 0;
  std::uint32_t length = 0;
};

struct RequestData {
  RequestData() = default;
  RequestData(const RequestData&) = delete;
  RequestData& operator=(const RequestData&) = delete;

  /// Appends to `head`; only while the header is being read, for growing moves it.
  Slice keep(std::string_view text) {
    const Slice slice{static_cast<std::uint32_t>(head.size()), static_cast<std::uint32_t>(text.size())};
    head.append(text);
    return slice;
  }
  [[nodiscard]] std::string_view view(Slice slice) const {
    return std::string_view(head).substr(slice.at, slice.length);
  }
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;

  Method method = Method::other;
  std::string head;  ///< the target and all fields, as sent
  std::string
      decoded;  ///< parts of path and query that had to be decoded; never grows beyond what was reserved
  std::string body;
  std::string peer;
  Slice target;
  std::string_view path;
  std::vector<std::pair<Slice, Slice>> fields;
  std::vector<std::string_view> segments;
  std::vector<QueryParameter> query;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;  ///< names live in the route
  MemoryShare memory;                                                     ///< of head and body
  std::shared_ptr<const Principal> principal;
};

/// Why a target cannot be understood: the query parameter, or nothing for the path, and the offending text.
struct TargetFault {
  std::string field;
  std::string found;
};

/// Fills path, segments and query from the target, once the head is whole. Nothing = understood.
[[nodiscard]] std::optional<TargetFault> read_target(RequestData& data);

}  // namespace geleit::http
