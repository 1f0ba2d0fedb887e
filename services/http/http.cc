#include "services/http/http.h"

#include "services/http/json_text.h"
#include "services/http/request_data.h"
#include "services/http/text_scan.h"

namespace geleit::http {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

/// The decoded text, as a view of `raw` where nothing had to be decoded, else of `store` (which has room).
std::optional<std::string_view> decode(std::string_view raw, bool plus_is_space, std::string& store) {
  std::size_t i = 0;
  while (i < raw.size() && raw[i] != '%' && !(plus_is_space && raw[i] == '+')) ++i;
  std::string_view text = raw;
  if (i < raw.size()) {
    const std::size_t start = store.size();
    store.append(raw.substr(0, i));
    for (; i < raw.size(); ++i) {
      if (raw[i] == '%') {
        if (raw.size() - i < 3) return std::nullopt;
        const int high = hex_digit(raw[i + 1]);
        const int low = hex_digit(raw[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        store.push_back(static_cast<char>(high * 16 + low));
        i += 2;
      } else {
        store.push_back(plus_is_space && raw[i] == '+' ? ' ' : raw[i]);
      }
    }
    text = std::string_view(store).substr(start);
  }
  if (!valid_utf8(text)) return std::nullopt;
  return text;
}

/// As it may be shown in an answer: short and printable.
std::string shown(std::string_view text) {
  constexpr std::size_t shown_max = 80;
  std::string out;
  for (const char c : text.substr(0, shown_max)) out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  if (text.size() > shown_max) out.append("…");
  return out;
}

}  // namespace

std::string_view word(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::delete_: return "DELETE";
    case Method::options: return "OPTIONS";
    case Method::other: return "";
  }
  return {};
}

Language parse_language(std::string_view accept_language) {
  int de = 0;
  int en = 0;
  for_each_weighted(accept_language, [&](std::string_view range, int weight) {
    const std::string_view primary = range.substr(0, range.find('-'));
    if (equal_in_any_case(primary, "de")) de = std::max(de, weight);
    if (equal_in_any_case(primary, "en")) en = std::max(en, weight);
  });
  return en > de ? Language::en : Language::de;
}

std::optional<std::string_view> RequestData::field(std::string_view name) const {
  for (const auto& [field_name, value] : fields) {
    if (field_name.length == name.size() && equal_in_any_case(view(field_name), name)) return view(value);
  }
  return std::nullopt;
}

std::optional<TargetFault> read_target(RequestData& data) {
  std::string_view target = data.view(data.target);
  // A proxy's absolute form: only its path matters here.
  const bool absolute = target.starts_with("http://") || target.starts_with("https://");
  if (absolute) {
    const std::size_t slash = target.find_first_of("/?", target.find("://") + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  data.path = target.substr(0, question);
  if (absolute && data.path.empty()) data.path = "/";
  if (data.path == "*" && data.method == Method::options) return std::nullopt;
  if (!data.path.starts_with('/')) return TargetFault{{}, shown(target)};
  data.decoded.reserve(target.find_first_of("%+") == std::string_view::npos ? 0 : target.size());

  std::string_view rest = data.path.substr(1);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const auto part = decode(rest.substr(0, slash), false, data.decoded);
    if (!part) return TargetFault{{}, shown(rest.substr(0, slash))};
    data.segments.push_back(*part);
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
    if (rest.empty()) data.segments.emplace_back();
  }

  if (question == std::string_view::npos) return std::nullopt;
  rest = target.substr(question + 1);
  while (!rest.empty()) {
    const std::size_t ampersand = rest.find('&');
    const std::string_view pair = rest.substr(0, ampersand);
    rest = ampersand == std::string_view::npos ? std::string_view{} : rest.substr(ampersand + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const auto name = decode(pair.substr(0, equals), true, data.decoded);
    if (!name) return TargetFault{shown(pair.substr(0, equals)), shown(pair)};
    const std::string_view raw =
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    const auto value = decode(raw, true, data.decoded);
    if (!value) return TargetFault{std::string(*name), shown(raw)};
    data.query.push_back({*name, *value});
  }
  return std::nullopt;
}

Request::Request(std::unique_ptr<RequestData> data) : data_(std::move(data)) {}
Request::Request(Request&&) noexcept = default;
Request& Request::operator=(Request&&) noexcept = default;
Request::~Request() = default;

Method Request::method() const { return data_->method; }
std::string_view Request::target() const { return data_->view(data_->target); }
std::string_view Request::path() const { return data_->path; }
std::span<const std::string_view> Request::segments() const { return data_->segments; }
std::span<const QueryParameter> Request::query() const { return data_->query; }
std::optional<std::string_view> Request::query(std::string_view name) const {
  for (const auto& each : data_->query) {
    if (each.name == name) return each.value;
  }
  return std::nullopt;
}
std::string_view Request::parameter(std::string_view name) const {
  for (const auto& [known, value] : data_->parameters) {
    if (known == name) return value;
  }
  return {};
}
std::optional<std::string_view> Request::header(std::string_view name) const { return data_->field(name); }
std::string_view Request::body() const { return data_->body; }
std::string_view Request::peer() const { return data_->peer; }
const Principal* Request::principal() const { return data_->principal.get(); }
void Request::set_principal(std::shared_ptr<const Principal> principal) {
  data_->principal = std::move(principal);
}
Language Request::language() const { return parse_language(header("Accept-Language").value_or("")); }

std::optional<Request> Request::make(Method method, std::string_view target,
                                     std::vector<std::pair<std::string, std::string>> headers,
                                     std::string body) {
  auto data = std::make_unique<RequestData>();
  data->method = method;
  data->target = data->keep(target);
  for (const auto& [name, value] : headers) data->fields.emplace_back(data->keep(name), data->keep(value));
  data->body = std::move(body);
  data->peer = "test";
  if (read_target(*data)) return std::nullopt;
  return Request(std::move(data));
}

}  // namespace geleit::http
