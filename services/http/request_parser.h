// Bytes to a Request: Beast's grammar of HTTP/1 with our memory and our limits. Known to the connection only.
#pragma once

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <memory>
#include <string_view>

#include "services/http/connection.h"

namespace geleit::http {

/// Writes straight into the request's own memory.
class Parser final : public boost::beast::http::basic_parser<true> {
 public:
  enum class Fault : std::uint8_t { none, too_large, no_room };

  explicit Parser(Shared& shared) : data(std::make_unique<RequestData>()), shared_(shared) {
    data->memory.of(shared.request_bytes);
    header_limit(static_cast<std::uint32_t>(shared.limits.header_bytes));
    body_limit(boost::none);
    eager(false);
  }

  /// The body's length, once it may come; false when there is no memory for it now. Nothing is set aside.
  [[nodiscard]] bool announce(std::size_t octets) {
    announced_ = octets;
    return shared_.room_for_request(octets);
  }

  std::unique_ptr<RequestData> data;
  std::size_t body_bytes_max = 0;
  bool header_seen = false;
  int version = 11;  ///< 10 or 11
  Fault fault = Fault::none;

 private:
  using View = boost::beast::string_view;
  static Method method_of(boost::beast::http::verb sent) {
    using boost::beast::http::verb;
    switch (sent) {
      case verb::get: return Method::get;
      case verb::head: return Method::head;
      case verb::post: return Method::post;
      case verb::put: return Method::put;
      case verb::patch: return Method::patch;
      case verb::delete_: return Method::delete_;
      case verb::options: return Method::options;
      default: return Method::other;
    }
  }
  static std::string_view std_view(View view) { return {view.data(), view.size()}; }

  void on_request_impl(boost::beast::http::verb method, View, View target, int http_version,
                       boost::system::error_code&) override {
    version = http_version;
    data->method = method_of(method);
    data->target = data->keep(std_view(target));
  }
  void on_response_impl(int, View, int, boost::system::error_code&) override {}
  void on_field_impl(boost::beast::http::field, View name, View value, boost::system::error_code&) override {
    // Trailers come too late to mean anything.
    if (header_seen) return;
    const Slice kept = data->keep(std_view(name));
    data->fields.emplace_back(kept, data->keep(std_view(value)));
  }
  void on_header_impl(boost::system::error_code& error) override {
    if (!shared_.room_for_request(data->memory, octets_of(data->head))) fail(Fault::no_room, error);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, boost::system::error_code&) override {}
  std::size_t on_body_impl(View bytes, boost::system::error_code& error) override {
    return take(bytes, error);
  }
  void on_chunk_header_impl(std::uint64_t size, View, boost::system::error_code& error) override {
    if (size > body_bytes_max - data->body.size()) fail(Fault::too_large, error);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, boost::system::error_code& error) override {
    return take(bytes, error);
  }
  void on_finish_impl(boost::system::error_code&) override {}

  std::size_t take(View bytes, boost::system::error_code& error) {
    const std::size_t needed = data->body.size() + bytes.size();
    if (needed > data->body.capacity() && !grow(needed)) {
      fail(Fault::no_room, error);
      return 0;
    }
    data->body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  /// An announcement costs the client nothing, so it is believed only so far; then memory is doubled, up to
  /// what was announced or may come.
  bool grow(std::size_t needed) {
    constexpr std::size_t believed_max = 64 * 1024;
    const std::size_t most = announced_ > 0 ? announced_ : body_bytes_max;
    const std::size_t doubled = std::max(2 * data->body.capacity(), std::min(announced_, believed_max));
    const std::size_t octets = std::max(needed, std::min(doubled, most));
    if (!shared_.room_for_request(data->memory, octets_of(data->head) + octets)) return false;
    // A string of its own, for one that has memory already may take more than it is asked to.
    std::string larger;
    larger.reserve(octets);
    larger.append(data->body);
    data->body = std::move(larger);
    return true;
  }
  void fail(Fault what, boost::system::error_code& error) {
    fault = what;
    error = boost::beast::http::error::body_limit;
  }

  Shared& shared_;
  std::size_t announced_ = 0;  ///< length of the body; 0: not told
};

}  // namespace geleit::http
