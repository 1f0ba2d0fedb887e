// Who may read which calendar: addresses that are secrets, kept as hashes in `<data>/calendars.json`.
//
//   {"calendars":[{"id":"1f0a9c3e","sha256":"…64 digits","staff":"m.roth","provider":"hana-muenchen",
//                  "created":"2026-04-04T09:00:00+02:00"}, …]}
//
// `geleit calendar` writes the file, a running service reads it again whenever it has changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "events/named.h"

namespace geleit {

/// Calendars of one installation.
inline constexpr std::size_t calendars_max = 10'000;

/// The file cannot be read or written, or is none of ours; says which and why.
struct CalendarBookFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct PersonCalendar {
  std::string id;        ///< 8 digits of the hash: what people name it by
  Hash secret;           ///< SHA-256 of what stands in the address
  std::string staff;     ///< slug
  std::string provider;  ///< slug; empty: of all providers
  Instant created;
};

/// A calendar and, this once, its secret.
struct NewCalendar {
  PersonCalendar calendar;
  std::string secret;
};

/// The file as one process reads it. Thread-safe.
class CalendarBook {
 public:
  explicit CalendarBook(std::filesystem::path file) : file_(std::move(file)) {}

  /// The calendar of that secret, compared in the same time whatever was guessed. Throws CalendarBookFailed.
  [[nodiscard]] std::optional<PersonCalendar> find(std::string_view secret);
  /// In the order they were made. Throws CalendarBookFailed.
  [[nodiscard]] std::vector<PersonCalendar> all();
  /// `chance`: 256 bits. Throws CalendarBookFailed, also where there are too many.
  NewCalendar add(const std::string& staff, const std::string& provider, Instant now, const Hash& chance);
  /// False: there is none of that id.
  bool remove(std::string_view id);

 private:
  void refresh();
  void write(const std::vector<PersonCalendar>& calendars) const;

  std::filesystem::path file_;
  std::mutex mutex_;  // guards what follows
  std::vector<PersonCalendar> calendars_;
  std::string read_as_;  ///< what told the file from others when it was read
};

}  // namespace geleit
