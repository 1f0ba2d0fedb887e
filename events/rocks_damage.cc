#include "events/rocks_damage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>

#include "events/crc32c.h"
#include "events/high_water.h"

namespace geleit {
namespace {

// The file is a sequence of blocks; a block holds records, each with a header of seven octets (u32 masked
// CRC-32C of type and data, u16 length, u8 type; little-endian); what is left of a block and holds no header
// is zero. A write is one full record, or a first, some middle and a last one.
constexpr std::size_t block_octets = 32'768;
constexpr std::size_t header_octets = 7;
enum RecordType : std::uint8_t { never_written, full, first, middle, last };

std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8u; }

std::uint32_t octet(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

struct Header {
  std::uint32_t crc;
  std::size_t length;
  std::uint32_t type;
};
Header header_at(std::string_view block, std::size_t at) {
  return {
      octet(block, at) | octet(block, at + 1) << 8 | octet(block, at + 2) << 16 | octet(block, at + 3) << 24,
      octet(block, at + 4) | octet(block, at + 5) << 8, octet(block, at + 6)};
}
bool is_as_written(std::string_view block, std::size_t at, const Header& header) {
  return header.type >= full && header.type <= last && at + header_octets + header.length <= block.size() &&
         masked(crc32c(block.substr(at + 6, 1 + header.length))) == header.crc;
}
bool begins_a_write(const Header& header) { return header.type == full || header.type == first; }

/// One file, block by block.
class FileScan {
 public:
  void block(std::string_view bytes, std::uint64_t begin) {
    std::size_t at = 0;
    if (!bad_) at = walk(bytes, begin);
    if (bad_) look_for_later_write(bytes, at);
  }
  void end(std::uint64_t size) {
    if (!bad_ && in_write_) note_bad(size, true);
  }

  [[nodiscard]] bool bad() const { return bad_; }
  [[nodiscard]] bool later_write() const { return later_write_; }
  [[nodiscard]] bool any_write() const { return any_write_; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t write_begins() const { return write_begins_; }
  [[nodiscard]] bool cut_short() const { return cut_short_; }

 private:
  /// Where in the block to look for a later write when this one showed something bad.
  std::size_t walk(std::string_view block, std::uint64_t begin) {
    std::size_t at = 0;
    if (unwritten_) {
      // Behind what was never written nothing can have been.
      if (block.find_first_not_of('\0') == std::string_view::npos) return 0;
      note_bad(unwritten_at_, false);
      return 0;
    }
    while (block.size() - at >= header_octets) {
      const Header header = header_at(block, at);
      if (header.type == never_written && header.length == 0) {
        unwritten_ = true;
        unwritten_at_ = begin + at;
        if (block.find_first_not_of('\0', at) == std::string_view::npos) return at;
        note_bad(begin + at, false);
        return at + 1;
      }
      if (!is_as_written(block, at, header)) {
        // Cut short by the end of the file; within a whole block no record may reach beyond it.
        const bool cut = block.size() < block_octets && at + header_octets + header.length > block.size() &&
                         at + header_octets + header.length <= block_octets;
        if (!in_write_) write_begins_ = begin + at;
        note_bad(begin + at, cut);
        return at + 1;
      }
      any_write_ = true;
      if (begins_a_write(header)) {
        if (in_write_) {  // the one before has no end, though this one was begun
          note_bad(begin + at, false);
          later_write_ = true;
          return block.size();
        }
        write_begins_ = begin + at;
      } else if (!in_write_) {
        write_begins_ = begin + at;
        note_bad(begin + at, false);
        return at + 1;
      }
      in_write_ = header.type == first || header.type == middle;
      at += header_octets + header.length;
    }
    if (block.size() < block_octets && at < block.size()) {
      if (!in_write_) write_begins_ = begin + at;
      note_bad(begin + at, true);
    }
    return block.size();
  }

  void look_for_later_write(std::string_view block, std::size_t at) {
    while (!later_write_ && at + header_octets <= block.size()) {
      const Header header = header_at(block, at);
      if (is_as_written(block, at, header)) {
        later_write_ = begins_a_write(header);
        at += header_octets + header.length;
      } else {
        ++at;
      }
    }
  }

  void note_bad(std::uint64_t offset, bool cut_short) {
    bad_ = true;
    offset_ = offset;
    cut_short_ = cut_short;
    if (unwritten_ && !in_write_) write_begins_ = unwritten_at_;
  }

  bool in_write_ = false, unwritten_ = false, any_write_ = false;
  bool bad_ = false, later_write_ = false, cut_short_ = false;
  std::uint64_t unwritten_at_ = 0, offset_ = 0, write_begins_ = 0;
};

/// False when the file is gone: its database may have removed it.
bool scan_file(const std::filesystem::path& file, FileScan& scan) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return false;
  std::string block(block_octets, '\0');
  std::uint64_t begin = 0;
  while (stream) {
    stream.read(block.data(), block_octets);
    const auto size = static_cast<std::size_t>(stream.gcount());
    if (size > 0) scan.block({block.data(), size}, begin);
    begin += size;
  }
  scan.end(begin);
  return true;
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& dir, std::string_view extension) {
  std::vector<std::filesystem::path> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::ranges::sort(files);  // their names are numbers of equal length
  return files;
}

}  // namespace

WriteAheadState write_ahead_state(const std::filesystem::path& dir) {
  WriteAheadState state;
  for (const auto& file : files_in(dir, ".log")) {
    FileScan scan;
    if (!scan_file(file, scan)) continue;
    if (state.kind == WriteAheadState::Kind::torn) {
      // The write in question is no longer the last one if this file holds any.
      if (scan.any_write() || scan.bad()) state.kind = WriteAheadState::Kind::damaged;
    } else if (scan.bad()) {
      state = {scan.later_write() ? WriteAheadState::Kind::damaged : WriteAheadState::Kind::torn, file,
               scan.offset(), scan.write_begins(), scan.cut_short()};
    }
    if (state.kind == WriteAheadState::Kind::damaged) break;
  }
  return state;
}

void drop_torn_write(const WriteAheadState& torn) {
  const int file = ::open(torn.file.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) throw std::system_error(errno, std::generic_category(), torn.file.string());
  const bool done = ::ftruncate(file, static_cast<off_t>(torn.write_begins)) == 0 && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  if (!done) throw std::system_error(error, std::generic_category(), torn.file.string());
}

std::optional<FileList> file_list(const std::filesystem::path& dir) {
  constexpr std::string_view prefix = "MANIFEST-";
  std::ifstream current(dir / "CURRENT");
  std::string name;
  current >> name;
  if (!name.starts_with(prefix)) return std::nullopt;
  FileList list;
  const char* const digits = name.data() + prefix.size();
  if (std::from_chars(digits, name.data() + name.size(), list.number).ptr != name.data() + name.size())
    return std::nullopt;
  FileScan scan;
  std::error_code failed;
  list.whole_octets = std::filesystem::file_size(dir / name, failed);
  if (failed || !scan_file(dir / name, scan)) return std::nullopt;
  if (scan.bad()) list.whole_octets = scan.write_begins();
  return list;
}

std::string list_damage(const std::filesystem::path& dir) {
  const auto noted = HighWater::read(dir, HighWater::Of::listed);
  if (!noted || noted->size() != 2) return {};
  const auto list = file_list(dir);
  // A newer list begins with everything that the one before it said.
  if (!list || list->number > (*noted)[0]) return {};
  if (list->number < (*noted)[0]) return "its file CURRENT names an old list of files";
  if (list->whole_octets >= (*noted)[1]) return {};
  return fmt::format("its list of files, MANIFEST-{:06}, is whole up to octet {} only, but {} were written",
                     list->number, list->whole_octets, (*noted)[1]);
}

bool has_database_files(const std::filesystem::path& dir) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    const std::string name = entry.path().filename().string();
    const std::string extension = entry.path().extension().string();
    // Making a database begins with its identity and its first list of files; nothing is written to it before
    // CURRENT names a list. Killed in between, it is made again.
    if (name == "CURRENT" || (name.starts_with("MANIFEST-") && name != "MANIFEST-000001") ||
        extension == ".sst" || extension == ".log" || HighWater::is_name(name)) {
      return true;
    }
  }
  return false;
}

bool has_lost_current(const std::filesystem::path& dir) {
  std::error_code ignored;
  return !std::filesystem::exists(dir / "CURRENT", ignored) && has_database_files(dir);
}

namespace {

/// The sorted files that the database's list of files names; nothing where the list cannot be read.
std::optional<std::set<std::string>> listed_files(const std::filesystem::path& dir) {
  rocksdb::DBOptions options;
  options.max_open_files = 64;  // so that opening does not read the files themselves
  options.skip_checking_sst_file_sizes_on_db_open = true;
  // As the directory was written: where its list names write-ahead logs, opening it without looking at them
  // would change that list, and RocksDB asserts that nobody who only reads does (7.8: DBImpl::Recover,
  // recovery_ctx). It names some only while two lie there and a flush is under way.
  options.track_and_verify_wals_in_manifest = true;
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(options, dir.string(), &names).ok()) return std::nullopt;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::OpenForReadOnly(options, dir.string(), families, &handles, &opened).ok())
    return std::nullopt;
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::vector<rocksdb::LiveFileMetaData> files;
  db->GetLiveFilesMetaData(&files);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  std::set<std::string> listed;
  for (const auto& file : files) listed.insert(std::filesystem::path(file.name).filename().string());
  return listed;
}

}  // namespace

std::vector<FileDamage> damaged_files(const std::filesystem::path& dir) {
  std::vector<FileDamage> found;
  rocksdb::Options options;
  options.paranoid_checks = true;
  for (const auto& file : files_in(dir, ".sst")) {
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(file.string());
    if (status.ok()) {
      rocksdb::ReadOptions read;
      read.verify_checksums = true;
      read.fill_cache = false;
      status = reader.VerifyChecksum(read);
    }
    std::error_code ignored;
    if (!status.ok() && std::filesystem::exists(file, ignored)) found.push_back({file, status.ToString()});
  }
  if (!found.empty()) {
    // What a process was writing when it was killed, or is writing now, is nobody's file yet; opening removes
    // it.
    if (const auto listed = listed_files(dir))
      std::erase_if(found,
                    [&](const FileDamage& d) { return !listed->contains(d.file.filename().string()); });
  }
  if (has_lost_current(dir)) found.push_back({dir / "CURRENT", "it is missing"});
  if (const std::string list = list_damage(dir); !list.empty()) found.push_back({dir, list});
  const WriteAheadState ahead = write_ahead_state(dir);
  if (ahead.kind == WriteAheadState::Kind::damaged)
    found.push_back({ahead.file, fmt::format("not as it was written at octet {}", ahead.offset)});
  return found;
}

}  // namespace geleit
