#include "services/calendar/calendar_book.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <system_error>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "services/durable_file.h"
#include "services/file_text.h"
#include "services/http/json_text.h"

namespace geleit {
namespace {

namespace json = boost::json;

constexpr std::size_t id_digits = 8;

/// What changes whenever the file is written anew; empty where there is none.
std::string mark_of(const std::filesystem::path& file) {
  struct stat told {};
  if (::stat(file.c_str(), &told) != 0) {
    if (errno == ENOENT) return {};
    throw CalendarBookFailed(file.string() + ": " + std::generic_category().message(errno));
  }
  return std::to_string(told.st_ino) + '-' + std::to_string(told.st_size) + '-' +
         std::to_string(told.st_mtim.tv_sec) + '.' + std::to_string(told.st_mtim.tv_nsec);
}

std::vector<PersonCalendar> read(const std::filesystem::path& file) {
  const auto text = read_text(file);
  if (!text) throw CalendarBookFailed(file.string() + ": it cannot be read");
  std::vector<PersonCalendar> calendars;
  try {
    const json::value whole = json::parse(*text);
    for (const json::value& one : whole.at("calendars").as_array()) {
      const auto member = [&](const char* name) { return std::string(one.at(name).as_string()); };
      PersonCalendar calendar{member("id"), {}, member("staff"), member("provider"), {}};
      const auto secret = parse_hash(member("sha256"));
      const auto created = parse_instant(member("created"));
      if (!secret || !created) throw std::invalid_argument("a calendar without its hash or time");
      calendar.secret = *secret;
      calendar.created = *created;
      calendars.push_back(std::move(calendar));
    }
  } catch (const std::exception& wrong) {
    throw CalendarBookFailed(file.string() + ": expected calendars as geleit calendar writes them, but " +
                             wrong.what());
  }
  return calendars;
}

/// So that of two that write at once none takes away what the other wrote.
FileLock alone_with(const std::filesystem::path& file) {
  try {
    return FileLock(file.string() + ".lock");
  } catch (const std::system_error& failed) {
    throw CalendarBookFailed(file.string() + ": " + failed.what());
  }
}

}  // namespace

void CalendarBook::refresh() {
  std::string mark = mark_of(file_);
  if (mark == read_as_) return;
  calendars_ = mark.empty() ? std::vector<PersonCalendar>{} : read(file_);
  read_as_ = std::move(mark);
}

void CalendarBook::write(const std::vector<PersonCalendar>& calendars) const {
  std::string out;
  http::JsonWriter writer(out);
  writer.object().member("calendars").array();
  for (const PersonCalendar& calendar : calendars) {
    writer.object().member("id").string(calendar.id).member("sha256").string(to_hex(calendar.secret));
    writer.member("staff").string(calendar.staff).member("provider").string(calendar.provider);
    writer.member("created").string(to_string(calendar.created)).end();
  }
  writer.end().end();
  out.push_back('\n');
  try {
    write_whole(file_, out);
  } catch (const std::system_error& failed) {
    throw CalendarBookFailed(file_.string() + ": " + failed.what());
  }
}

std::optional<PersonCalendar> CalendarBook::find(std::string_view secret) {
  const Hash asked = sha256(secret);
  const std::lock_guard lock(mutex_);
  refresh();
  const PersonCalendar* found = nullptr;
  for (const PersonCalendar& calendar : calendars_) {
    // All of each of them is looked at: how long that takes says nothing about how near a guess was.
    std::uint64_t difference = 0;
    const auto& a = calendar.secret.words;
    const auto& b = asked.words;
    for (std::size_t i = 0; i < std::size(a); ++i) difference |= a[i] ^ b[i];
    if (difference == 0) found = &calendar;
  }
  return found ? std::optional(*found) : std::nullopt;
}

std::vector<PersonCalendar> CalendarBook::all() {
  const std::lock_guard lock(mutex_);
  refresh();
  return calendars_;
}

NewCalendar CalendarBook::add(const std::string& staff, const std::string& provider, Instant now,
                              const Hash& chance) {
  const std::lock_guard lock(mutex_);
  const FileLock alone = alone_with(file_);
  if (!alone.held()) throw CalendarBookFailed(file_.string() + ": another one is writing it now");
  refresh();
  if (calendars_.size() >= calendars_max)
    throw CalendarBookFailed(file_.string() + ": expected at most " + std::to_string(calendars_max) +
                             " calendars, but there are as many already");
  NewCalendar made;
  made.secret = to_hex(chance);
  made.calendar = {{}, sha256(made.secret), staff, provider, now};
  made.calendar.id = to_hex(made.calendar.secret).substr(0, id_digits);
  std::vector<PersonCalendar> calendars = calendars_;
  calendars.push_back(made.calendar);
  write(calendars);
  return made;
}

bool CalendarBook::remove(std::string_view id) {
  const std::lock_guard lock(mutex_);
  const FileLock alone = alone_with(file_);
  if (!alone.held()) throw CalendarBookFailed(file_.string() + ": another one is writing it now");
  refresh();
  std::vector<PersonCalendar> calendars = calendars_;
  if (std::erase_if(calendars, [&](const PersonCalendar& calendar) { return calendar.id == id; }) == 0)
    return false;
  write(calendars);
  return true;
}

}  // namespace geleit
