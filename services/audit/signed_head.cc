#include "services/audit/signed_head.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cerrno>
#include <system_error>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/base64.h"
#include "services/file_text.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr std::string_view head_format = "geleit-head-1";
constexpr std::size_t members_of_a_head = 8;

template <class Int>
void append_number(std::string& out, Int value) {
  for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift));
}

std::string_view text_of(const json::object& head, const char* name) {
  const json::value* found = head.if_contains(name);
  if (found == nullptr || !found->is_string())
    throw BadHead(fmt::format("expected a text in '{}' of a head, but there is none", name));
  return std::string_view(found->get_string());
}

std::uint64_t number_of(const json::object& head, const char* name, std::uint64_t max) {
  const json::value* found = head.if_contains(name);
  json::error_code wrong;
  const bool whole = found != nullptr && (found->is_int64() || found->is_uint64());
  const auto value = whole ? found->to_number<std::uint64_t>(wrong) : 0;
  if (!whole || wrong || value > max)
    throw BadHead(
        fmt::format("expected a whole number up to {} in '{}' of a head, but it is none", max, name));
  return value;
}

/// What is spelled otherwise than it is written is no value, so that no octet of a head can be changed.
template <class T>
T exact(const json::object& head, const char* name, std::optional<T> value, const auto& write) {
  if (!value || write(*value) != text_of(head, name))
    throw BadHead(fmt::format("expected '{}' of a head as Geleit writes it, but it is '{}'", name,
                              text_of(head, name)));
  return *value;
}

}  // namespace

std::string signed_octets(const SignedHead& head) {
  std::string out("geleit head 1\n");
  append_number(out, head.log.high);
  append_number(out, head.log.low);
  append_number(out, head.partition.value);
  append_number(out, head.size);
  char root[hash_octets];
  write_octets(head.root, root);
  out.append(root, sizeof root);
  append_number(out, head.at.ms);
  out.append(reinterpret_cast<const char*>(head.key.octets.data()), head.key.octets.size());
  return out;
}

void sign(SignedHead& head, const SigningKey& key) {
  head.key = key.public_key();
  head.signature = key.sign(signed_octets(head));
}

bool signature_holds(const SignedHead& head) {
  return signature_holds(head.key, signed_octets(head), head.signature);
}

std::string to_json(const SignedHead& head) {
  std::string out;
  http::JsonWriter json(out);
  json.object().member("format").string(head_format).member("log").string(to_string(head.log));
  json.member("partition").number(head.partition.value).member("size").number(head.size);
  json.member("root").string(to_hex(head.root)).member("time").string(to_string(head.at));
  json.member("key").string(to_hex(head.key));
  json.member("signature")
      .string(to_base64({reinterpret_cast<const char*>(head.signature.data()), head.signature.size()}))
      .end();
  return out;
}

SignedHead head_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || object->size() != members_of_a_head || text_of(*object, "format") != head_format)
    throw BadHead(fmt::format("expected a head of the format {}, but it is none", head_format));
  SignedHead head;
  head.log = exact(*object, "log", parse_uuid(text_of(*object, "log")),
                   [](const Uuid& id) { return to_string(id); });
  head.partition.value = static_cast<std::uint16_t>(number_of(*object, "partition", partitions_max - 1));
  head.size = number_of(*object, "size", INT64_MAX);
  head.root = exact(*object, "root", parse_hash(text_of(*object, "root")),
                    [](const Hash& hash) { return to_hex(hash); });
  head.at = exact(*object, "time", parse_instant(text_of(*object, "time")),
                  [](const Instant& at) { return to_string(at); });
  head.key = exact(*object, "key", parse_public_key(text_of(*object, "key")),
                   [](const PublicKey& key) { return to_hex(key); });
  const auto signature = from_base64(text_of(*object, "signature"));
  if (!signature || signature->size() != head.signature.size())
    throw BadHead(fmt::format("expected {} octets in base64 in 'signature' of a head, but it is '{}'",
                              head.signature.size(), text_of(*object, "signature")));
  std::copy(signature->begin(), signature->end(), head.signature.begin());
  return head;
}

SignedHead parse_head(std::string_view text) {
  json::error_code wrong;
  const json::value value = json::parse({text.data(), text.size()}, wrong);
  if (wrong) throw BadHead(fmt::format("expected a head as JSON, but: {}", wrong.message()));
  return head_of(value);
}

HeadsFile read_heads(const std::filesystem::path& file) {
  HeadsFile out;
  if (!std::filesystem::exists(file)) return out;
  const auto read = read_text(file);
  if (!read) throw std::system_error(errno, std::generic_category(), file.string());
  const std::string& text = *read;
  std::uint64_t number = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', out.whole_octets)) {
    ++number;
    const std::string_view line(text.data() + out.whole_octets, end - out.whole_octets);
    out.whole_octets = end + 1;
    if (line.empty()) continue;
    try {
      out.heads.push_back(parse_head(line));
    } catch (const BadHead& bad) { out.bad.push_back({number, bad.what()}); }
  }
  return out;
}

}  // namespace geleit
