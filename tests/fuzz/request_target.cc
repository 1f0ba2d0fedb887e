#include "services/http/request_parser.h"

#include "services/http/negotiation.h"
#include "services/http/request_data.h"
#include "tests/fuzz/targets.h"

namespace geleit::fuzz {
namespace {

using namespace http;

/// What handlers look at, of a request that is whole.
void look_at(RequestData& data) {
  if (read_target(data)) return;
  require(data.path.empty() || data.path.front() == '/' || data.path == "*",
          "a path that does not begin with a slash");
  static constexpr std::array offered{Media::json, Media::csv};
  for (const std::string_view name : {"accept", "accept-language", "content-type", "if-match", "host"}) {
    const auto value = data.field(name);
    if (!value) continue;
    (void)negotiate(value, offered);
    (void)parse_language(*value);
    (void)is_media(*value, content::ndjson);
    if (const auto match = parse_if_match(*value); match && match->version)
      require(parse_if_match(etag_of(*match->version)).has_value(),
              "an entity tag of ours is not understood");
  }
}

}  // namespace

void take_request(std::string_view bytes) {
  if (bytes.empty()) return;
  // The first byte says where the bytes are cut in two, as a network may do.
  const std::size_t cut = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  static Shared shared;
  Parser parser(shared);
  parser.body_bytes_max = 4096;
  std::string pending;
  bool looked = false;
  for (const std::string_view part : {bytes.substr(0, cut), bytes.substr(std::min(cut, bytes.size()))}) {
    pending.append(part);
    while (!pending.empty() && !parser.is_done()) {
      boost::system::error_code error;
      const std::size_t used = parser.put(boost::asio::const_buffer(pending.data(), pending.size()), error);
      require(used <= pending.size(), "more was read than there was");
      pending.erase(0, used);
      if (parser.is_header_done() && !looked) {
        looked = true;
        parser.header_seen = true;
        look_at(*parser.data);
      }
      if (error == boost::beast::http::error::need_more) break;
      if (error || used == 0) return;
    }
  }
  require(parser.data->body.size() <= bytes.size(), "a body that is longer than what was sent");
}

}  // namespace geleit::fuzz
