#include "services/settings_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

namespace geleit {
namespace {

namespace json = boost::json;

json::value as_json(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    json::object object;
    for (const auto& [key, value] : *table) object[std::string(key.str())] = as_json(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    json::array list;
    for (const toml::node& value : *array) list.push_back(as_json(value));
    return list;
  }
  if (const auto* text = node.as_string()) return json::value(text->get());
  if (const auto* number = node.as_integer()) return json::value(number->get());
  if (const auto* yes = node.as_boolean()) return json::value(yes->get());
  if (const auto* real = node.as_floating_point()) return json::value(real->get());
  if (const auto* day = node.as_date()) {
    const toml::date date = day->get();
    return json::value(fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day));
  }
  throw SettingsFileRefused("expected dates without a time, but one has a time");
}

json::object document_of(const std::string& name, const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin != std::string::npos && text[begin] == '{') {
    json::error_code error;
    json::value value = json::parse(text, error);
    if (error) throw SettingsFileRefused(fmt::format("expected JSON in {}, but {}", name, error.message()));
    return std::move(value.as_object());
  }
  try {
    return as_json(toml::parse(text)).as_object();
  } catch (const toml::parse_error& error) {
    throw SettingsFileRefused(fmt::format("expected TOML in {}, but line {}: {}", name,
                                          error.source().begin.line, error.description()));
  }
}

}  // namespace

SettingsFile read_settings_file(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    throw SettingsFileRefused(fmt::format("expected a file to read that is not empty, but {} is none", name));
  SettingsFile out;
  out.settings = document_of(name, text.str());
  for (const auto& [member, value] : {std::pair{"provider", &out.provider}, {"from", &out.from}}) {
    const json::value* found = out.settings.if_contains(member);
    if (found == nullptr) continue;
    if (!found->is_string())
      throw SettingsFileRefused(
          fmt::format("expected {} in {} to be a text or a date, but it is not", member, name));
    *value = std::string(found->as_string());
    out.settings.erase(member);
  }
  return out;
}

}  // namespace geleit
