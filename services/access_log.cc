#include "services/access_log.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

#include "events/civil_time.h"
#include "events/sha256.h"
#include "events/thread_name.h"
#include "events/uuid.h"
#include "services/durable_file.h"
#include "services/http/json_text.h"
#include "services/json_member.h"

namespace geleit {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds collect_for{20};
constexpr std::chrono::milliseconds try_again_after{500};
constexpr std::chrono::milliseconds lock_step{5};
constexpr int lock_steps_max = 1'000;
constexpr std::string_view ending = ".ndjson";
constexpr std::size_t word_max = 64;
constexpr std::size_t line_octets = 320, case_octets = 39;

/// Where the chain stands.
struct Head {
  std::string file;
  std::uint64_t octets = 0;
  Hash hash;
};

std::string contents_of(const fs::path& file, std::uint64_t from = 0) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(from));
  if (!in.is_open()) throw AccessLogFailed(fmt::format("{} cannot be read", file.string()));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw AccessLogFailed(fmt::format("{} cannot be read", file.string()));
  return text;
}

std::optional<Head> read_head(const fs::path& dir) {
  if (!fs::exists(dir / "HEAD")) return std::nullopt;
  const std::string text = contents_of(dir / "HEAD");
  const std::size_t first = text.find(' ');
  const std::size_t second = first == text.npos ? text.npos : text.find(' ', first + 1);
  if (second == text.npos) return std::nullopt;
  Head head;
  head.file = text.substr(0, first);
  const char* end = text.data() + second;
  const auto hash = parse_hash(std::string_view(text).substr(second + 1, 64));
  if (std::from_chars(text.data() + first + 1, end, head.octets).ptr != end || !hash) return std::nullopt;
  head.hash = *hash;
  return head;
}

std::string text_of(const Head& head) {
  return fmt::format("{} {} {}\n", head.file, head.octets, to_hex(head.hash));
}

std::vector<std::string> day_files(const fs::path& dir) {
  std::vector<std::string> files;
  if (!fs::exists(dir)) return files;
  for (const auto& entry : fs::directory_iterator(dir)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(ending)) files.push_back(std::move(name));
  }
  std::ranges::sort(files);
  return files;
}

/// Where the next line goes and what it follows: as HEAD says, and what was written after that before a kill.
struct End {
  std::string file;
  std::uint64_t octets = 0;
  Hash hash;
  bool unended = false;   ///< a line lacks its line feed
  std::size_t torn = 0;   ///< octets of one that lacks more than that
  bool headless = false;  ///< nothing says where the log ended
};
End end_of(const fs::path& dir) {
  const auto head = read_head(dir);
  End end;
  if (head) end = {head->file, head->octets, head->hash};
  for (const std::string& file : day_files(dir)) {
    end.headless = !head;
    if (file < end.file) continue;
    const std::uint64_t size = fs::file_size(dir / file);
    const std::uint64_t from = file == end.file ? std::min(end.octets, size) : 0;
    end.file = file;
    end.octets = size;
    if (from == size) continue;
    const std::string text = contents_of(dir / file, from);
    std::size_t at = 0;
    for (std::size_t line = text.find('\n', at); line != text.npos; line = text.find('\n', at)) {
      end.hash = sha256(std::string_view(text).substr(at, line - at));
      at = line + 1;
    }
    const std::string_view rest = std::string_view(text).substr(at);
    end.unended = !rest.empty();
    end.torn = rest.size();
    // No other part of a line ends like this.
    if (rest.ends_with("]}")) {
      end.hash = sha256(rest);
      end.torn = 0;
    }
  }
  return end;
}

std::string line_of(const Access& access, const Hash& previous, std::size_t torn, bool headless) {
  std::string line;
  http::JsonWriter json(line);
  json.object().member("previous").string(to_hex(previous));
  if (torn > 0) json.member("torn").number(torn);
  if (headless) json.member("headless").boolean(true);
  json.member("at").string(to_string(access.at)).member("by").string(access.by);
  json.member("purpose").string(access.purpose).member("what").string(access.what);
  json.member("trace");
  if (access.trace.is_nil()) {
    json.null();
  } else {
    json.string(fmt::format("{:016x}{:016x}", access.trace.value.high, access.trace.value.low));
  }
  json.member("cases").array();
  for (const CaseId& id : access.cases) json.string(to_string(id));
  json.end().end();
  return line;
}

std::size_t octets_of(const Access& access) { return line_octets + access.cases.size() * case_octets; }

/// One writer at a time, of all processes.
class Turn {
 public:
  explicit Turn(const fs::path& file) {
    for (int i = 0; i < lock_steps_max; ++i) {
      lock_.emplace(file);
      if (lock_->held()) return;
      lock_.reset();
      std::this_thread::sleep_for(lock_step);
    }
    throw AccessLogFailed(fmt::format("another process holds {}", file.string()));
  }

 private:
  std::optional<FileLock> lock_;
};

void append_to(const fs::path& dir, std::span<const Access> accesses) {
  fs::create_directories(dir);
  const Turn turn(dir / "LOCK");
  // From the first line on there is a head, so that one that is gone is noticed.
  if (!accesses.empty() && !fs::exists(dir / "HEAD") && day_files(dir).empty())
    write_whole(dir / "HEAD", fmt::format("{}{} 0 {}\n", to_string(berlin_date(accesses.front().at)), ending,
                                          to_hex(Hash{})));
  const End before = end_of(dir);
  Head head{before.file, before.octets, before.hash};
  std::string text;
  std::size_t torn = before.torn;
  bool headless = before.headless;
  if (before.unended) text.push_back('\n');
  std::string last_head = fs::exists(dir / "HEAD") ? contents_of(dir / "HEAD") : std::string();
  const auto write = [&] {
    const fs::path file = dir / head.file;
    const bool was_there = fs::exists(file);
    const std::uint64_t from = head.octets;
    try {
      write_at_end(file, from, text);
      head.octets += text.size();
      write_whole(dir / "HEAD", text_of(head));
      last_head = text_of(head);
    } catch (...) {
      // All of it or nothing, so that it can be tried again.
      std::error_code ignored;
      try {
        if (!last_head.empty() && contents_of(dir / "HEAD") != last_head)
          write_whole(dir / "HEAD", last_head);
      } catch (const std::exception&) { /* then verify tells of an end that is not there */
      }
      if (was_there)
        fs::resize_file(file, from, ignored);
      else
        fs::remove(file, ignored);
      throw;
    }
    text.clear();
  };
  for (const Access& access : accesses) {
    // A clock that was set back does not open an old day again.
    const std::string day = to_string(berlin_date(access.at)) + std::string(ending);
    if (day > head.file) {
      if (!text.empty()) write();
      head.file = day;
      head.octets = 0;
    }
    const std::string line =
        line_of(access, head.hash, std::exchange(torn, 0), std::exchange(headless, false));
    head.hash = sha256(line);
    text += line;
    text.push_back('\n');
  }
  if (!text.empty()) write();
}

}  // namespace

bool is_access_word(std::string_view text) {
  const auto small = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= word_max && small(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return small(c) || c == '.' || c == '_' || c == '-'; });
}

std::string os_user() {
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, room.data(), room.size(), &found) != 0 || !found) return "-";
  std::string name(found->pw_name);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return is_access_word(name) ? name : fmt::format("uid-{}", ::getuid());
}

void append_accesses(const fs::path& dir, std::span<const Access> accesses) {
  if (accesses.empty()) return;
  try {
    append_to(dir, accesses);
  } catch (const std::system_error& failure) {
    const std::string what =
        fmt::format("who looked cannot be written to {}: {}", dir.string(), failure.what());
    if (failure.code() == std::errc::no_space_on_device || failure.code().value() == EDQUOT)
      throw AccessDiskFull(what);
    throw AccessLogFailed(what);
  }
}

AccessLog::AccessLog(fs::path dir) : dir_(std::move(dir)) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    name_thread("access log");
    run(stop);
  });
}

AccessLog::~AccessLog() {
  thread_.request_stop();
  thread_.join();
}

bool AccessLog::note(Access access) {
  const std::size_t octets = octets_of(access);
  {
    const std::lock_guard lock(mutex_);
    if (refuses_ || octets_ + octets > waiting_octets_max) return false;
    octets_ += octets;
    queue_.push_back(std::move(access));
  }
  came_.notify_one();
  return true;
}

std::string AccessLog::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

std::size_t AccessLog::waiting_octets() const {
  const std::lock_guard lock(mutex_);
  return octets_;
}

void AccessLog::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    came_.wait(lock, stop, [this] { return !queue_.empty(); });
    if (queue_.empty()) return;
    if (!stop.stop_requested()) came_.wait_for(lock, stop, collect_for, [] { return false; });
    const bool last = stop.stop_requested();
    // A day is written or is not; so that none is written twice, each goes by itself.
    const auto day = [](const Access& access) { return berlin_date(access.at); };
    const auto end = std::ranges::find_if(
        queue_, [&](const Access& access) { return day(access) != day(queue_.front()); });
    const std::vector<Access> some(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    lock.unlock();
    std::string failed;
    bool passes = true;
    try {
      append_accesses(dir_, some);
    } catch (const AccessDiskFull& failure) {
      failed = failure.what();
    } catch (const std::exception& failure) {
      failed = failure.what();
      passes = false;
    }
    lock.lock();
    trouble_ = failed;
    refuses_ = !passes;
    if (failed.empty()) {
      for (const Access& access : some) octets_ -= octets_of(access);
      continue;
    }
    queue_.insert(queue_.begin(), some.begin(), some.end());
    if (last) {
      fmt::print(stderr, "geleit serve: {} lines of who looked are lost: {}\n", queue_.size(), failed);
      return;
    }
    came_.wait_for(lock, stop, try_again_after, [] { return false; });
  }
}

// ---------------------------------------------------------------- reading it

namespace {

namespace json = boost::json;

struct Parsed {
  Access access;
  Hash previous;
  std::size_t torn = 0;
  bool headless = false;
};
std::optional<Parsed> parsed(std::string_view line) {
  json::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  const auto* object = error ? nullptr : value.if_object();
  if (!object) return std::nullopt;
  Parsed out;
  const auto previous = parse_hash(text_member(*object, "previous"));
  const auto at = parse_instant(text_member(*object, "at"));
  const auto* cases = object->if_contains("cases");
  if (!previous || !at || !cases || !cases->is_array()) return std::nullopt;
  out.previous = *previous;
  out.access.at = *at;
  out.access.by = text_member(*object, "by");
  out.access.purpose = text_member(*object, "purpose");
  out.access.what = text_member(*object, "what");
  if (const std::string trace = text_member(*object, "trace"); trace.size() == 32) {
    std::from_chars(trace.data(), trace.data() + 16, out.access.trace.value.high, 16);
    std::from_chars(trace.data() + 16, trace.data() + 32, out.access.trace.value.low, 16);
  }
  for (const json::value& one : cases->as_array()) {
    const auto id = one.is_string() ? parse_uuid(std::string_view(one.as_string())) : std::nullopt;
    if (!id) return std::nullopt;
    out.access.cases.push_back({*id});
  }
  if (const auto* torn = object->if_contains("torn"); torn && torn->is_int64())
    out.torn = static_cast<std::size_t>(torn->as_int64());
  out.headless = object->contains("headless");
  return out;
}

/// The head while nobody writes: what it says lies in the files. They may only grow afterwards.
std::optional<Head> settled_head(const fs::path& dir) {
  if (!fs::exists(dir)) return std::nullopt;
  std::optional<Turn> turn;
  try {
    turn.emplace(dir / "LOCK");
  } catch (const std::system_error&) { /* a copy that cannot be written to: nobody does */
  }
  return read_head(dir);
}

class Checking {
 public:
  Checking(const fs::path& dir, const std::function<void(const AccessLine&)>& visit)
      : dir_(dir), visit_(visit), head_(settled_head(dir)) {
    met_head_ = head_ && head_->octets == 0;
  }

  AccessChecked run() {
    const std::vector<std::string> files = day_files(dir_);
    for (const std::string& file : files) take(file, file == files.back());
    if (unread_) found(unread_file_, unread_line_, "it is not as it was written");
    if (!head_ && (fs::exists(dir_ / "HEAD") || !files.empty()))
      found("HEAD", 0, "HEAD, which says where the log ended, is missing or damaged");
    else if (head_ && !met_head_)
      found(
          head_->file, 0,
          fmt::format("the log ended with a line {} at octet {} and does not: its end was cut off or changed",
                      to_hex(head_->hash), head_->octets));
    return std::move(out_);
  }

 private:
  void found(const std::string& file, std::uint64_t line, std::string what, bool harmless = false) {
    out_.findings.push_back({file, line, std::move(what), harmless});
  }

  void take(const std::string& file, bool is_last) {
    const std::string text = contents_of(dir_ / file);
    std::uint64_t number = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string_view line = std::string_view(text).substr(at, end == text.npos ? end : end - at);
      ++number;
      if (end == text.npos) {
        found(file, number,
              is_last ? "the last line is not whole: a kill cut it off"
                      : "the last line of the day is not whole",
              is_last);
        return;
      }
      take_line(file, number, line);
      at = end + 1;
      if (head_ && head_->file == file && head_->octets == at && head_->hash == out_.head) met_head_ = true;
    }
  }

  void take_line(const std::string& file, std::uint64_t number, std::string_view line) {
    const auto one = parsed(line);
    if (!one) {
      // Perhaps a kill left it; only the next line can say so.
      if (unread_) found(unread_file_, unread_line_, "it is no line of this log");
      unread_ = line.size();
      unread_file_ = file;
      unread_line_ = number;
      return;
    }
    if (unread_) {
      if (one->torn == *unread_ && one->previous == out_.head) {
        found(unread_file_, unread_line_, "the line is not whole: a kill cut it off", true);
      } else {
        found(unread_file_, unread_line_, "it is not as it was written");
        out_.head = one->previous;
      }
      unread_.reset();
    }
    if (one->headless)
      found(file, number,
            "HEAD was missing when this line was written: what came before may have been cut off");
    if (one->previous != out_.head) {
      if (last_line_ > 0)
        found(
            last_file_, last_line_,
            fmt::format("it is not as it was written, or what followed it was removed: line {} of {} follows "
                        "another one",
                        number, file));
      else
        found(file, number, "it is not the first line of the log: what came before was removed");
    }
    out_.head = sha256(line);
    ++out_.lines;
    last_file_ = file;
    last_line_ = number;
    visit_({file, number, one->access});
  }

  const fs::path& dir_;
  const std::function<void(const AccessLine&)>& visit_;
  std::optional<Head> head_;
  bool met_head_ = false;
  AccessChecked out_;
  std::optional<std::size_t> unread_;  ///< octets of a line that could not be read
  std::string unread_file_, last_file_;
  std::uint64_t unread_line_ = 0, last_line_ = 0;
};

}  // namespace

bool AccessChecked::whole() const {
  return std::ranges::all_of(findings, [](const AccessFinding& finding) { return finding.harmless; });
}

std::vector<std::pair<std::string, FileDigest>> copy_accesses(const fs::path& dir, const fs::path& to) {
  std::vector<std::pair<std::string, FileDigest>> copied;
  if (!fs::exists(dir)) return copied;
  const auto head = settled_head(dir);
  fs::create_directory(to);
  const auto write = [&](const std::string& name, const std::string& text) {
    write_whole(to / name, text);
    copied.emplace_back(name, FileDigest{text.size(), sha256(text)});
  };
  for (const std::string& name : day_files(dir)) {
    if (head && name == head->file) {
      // What came after that moment is in the next copy.
      std::string text = contents_of(dir / name);
      text.resize(std::min<std::size_t>(text.size(), head->octets));
      write(name, text);
    } else if (!head || name < head->file) {
      copied.emplace_back(name, copy_durably(dir / name, to / name));
    }
  }
  if (head) write("HEAD", text_of(*head));
  sync_directory(to);
  return copied;
}

AccessChecked read_accesses(const fs::path& dir, const std::function<void(const AccessLine&)>& visit) {
  return Checking(dir, visit).run();
}

}  // namespace geleit
