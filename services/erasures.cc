#include "services/erasures.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/uuid.h"
#include "services/durable_file.h"
#include "services/file_text.h"

namespace geleit {
namespace {

constexpr std::size_t check_digits = 16;

std::string line_of(const Erasure& erasure) {
  std::string said =
      fmt::format("{} {} {}", to_string(erasure.key), to_string(erasure.person), to_string(erasure.at));
  if (erasure.grounds != ErasureGrounds::retention_over) said.append(" ").append(word(erasure.grounds));
  return fmt::format("{} {}\n", said, to_hex(sha256(said)).substr(0, check_digits));
}

std::optional<Erasure> erasure_of(std::string_view line) {
  const std::size_t end = line.rfind(' ');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view said = line.substr(0, end);
  if (to_hex(sha256(said)).substr(0, check_digits) != line.substr(end + 1)) return std::nullopt;
  const std::size_t first = said.find(' ');
  const std::size_t second = said.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto key = parse_uuid(said.substr(0, first));
  const auto person = parse_uuid(said.substr(first + 1, second - first - 1));
  // The usual grounds are not named.
  const std::size_t third = said.find(' ', second + 1);
  const auto at = parse_instant(said.substr(second + 1, third - second - 1));
  const auto grounds = third == std::string_view::npos ? std::optional(ErasureGrounds::retention_over)
                                                       : parse_word<ErasureGrounds>(said.substr(third + 1));
  if (!key || !person || !at || !grounds) return std::nullopt;
  return Erasure{{*key}, {*person}, *at, *grounds};
}

}  // namespace

ErasureJournal::ErasureJournal(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code missing;
  if (!std::filesystem::exists(file_, missing)) return;
  const auto read = read_text(file_);
  if (!read) throw ErasuresFailed(fmt::format("the journal of erasures {} cannot be read", file_.string()));
  const std::string& text = *read;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size(); at = whole_octets_) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) break;
    ++number;
    const auto erasure = erasure_of(std::string_view(text).substr(at, end - at));
    if (!erasure) {
      throw ErasuresFailed(
          fmt::format("the journal of erasures {} is damaged in line {}: restore that file from a copy; "
                      "without it an erased person could come back",
                      file_.string(), number));
    }
    if (keys_.insert(erasure->key).second) erasures_.push_back(*erasure);
    whole_octets_ = end + 1;
  }
}

void ErasureJournal::add(std::span<const Erasure> erasures) {
  std::string lines;
  std::vector<Erasure> fresh;
  for (const Erasure& erasure : erasures) {
    if (keys_.contains(erasure.key)) continue;
    lines += line_of(erasure);
    fresh.push_back(erasure);
  }
  if (fresh.empty()) return;
  try {
    write_at_end(file_, whole_octets_, lines);
  } catch (const std::system_error& failure) {
    throw ErasuresFailed(fmt::format("the journal of erasures {} cannot be written: {}; nothing was erased",
                                     file_.string(), failure.what()));
  }
  whole_octets_ += lines.size();
  for (const Erasure& erasure : fresh) {
    if (keys_.insert(erasure.key).second) erasures_.push_back(erasure);
  }
}

std::vector<KeyId> erase_person(PersonId person, KeyStore& keys, ErasureJournal& journal, Instant now,
                                ErasureGrounds grounds) {
  std::vector<KeyId> ids = keys.keys_of(person);
  erase_keys(person, ids, keys, journal, now, grounds);
  return ids;
}

void erase_keys(PersonId person, const std::vector<KeyId>& ids, KeyStore& keys, ErasureJournal& journal,
                Instant now, ErasureGrounds grounds) {
  std::vector<Erasure> erasures;
  for (const KeyId& id : ids) erasures.push_back({id, person, now, grounds});
  journal.add(erasures);
  keys.destroy(ids);
}

std::size_t complete_erasures(KeyStore& keys, const ErasureJournal& journal) {
  std::vector<KeyId> left;
  for (const Erasure& erasure : journal.all()) {
    if (keys.find(erasure.key)) left.push_back(erasure.key);
  }
  keys.destroy(left);
  return left.size();
}

}  // namespace geleit
