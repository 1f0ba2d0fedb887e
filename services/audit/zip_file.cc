#include "services/audit/zip_file.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>

namespace geleit {
namespace {

/// 1980-01-01 00:00, the first moment that a ZIP can name.
constexpr zip_uint16_t dos_time = 0, dos_date = 1U << 5U | 1U;
constexpr zip_uint32_t regular_file_mode = 0100644U << 16U;
constexpr zip_uint32_t deflate_level = 6;
constexpr std::size_t piece_octets = 1 << 18;

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Handle = std::unique_ptr<zip_t, Discard>;

struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

Handle open_zip(const std::filesystem::path& file, int flags) {
  int code = 0;
  Handle archive(zip_open(file.c_str(), flags, &code));
  if (archive) return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string why = zip_error_strerror(&error);
  zip_error_fini(&error);
  throw ZipFailed(fmt::format("{}: {}", file.string(), why));
}

int is_stopped(zip_t*, void* stop) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

}  // namespace

void pack_zip(const std::filesystem::path& dir, const std::filesystem::path& to,
              const std::stop_token& stop) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(dir).generic_string());
  }
  std::sort(names.begin(), names.end());
  Handle archive = open_zip(to, ZIP_CREATE | ZIP_EXCL);
  const auto done = [&](bool well) {
    if (!well) throw ZipFailed(fmt::format("{}: {}", to.string(), zip_strerror(archive.get())));
  };
  for (const std::string& name : names) {
    zip_source_t* source = zip_source_file(archive.get(), (dir / name).c_str(), 0, 0);
    done(source != nullptr);
    const zip_int64_t index = zip_file_add(archive.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) zip_source_free(source);
    done(index >= 0);
    const auto at = static_cast<zip_uint64_t>(index);
    done(zip_set_file_compression(archive.get(), at, ZIP_CM_DEFLATE, deflate_level) == 0);
    done(zip_file_set_dostime(archive.get(), at, dos_time, dos_date, 0) == 0);
    done(zip_file_set_external_attributes(archive.get(), at, 0, ZIP_OPSYS_UNIX, regular_file_mode) == 0);
  }
  std::stop_token watched = stop;
  done(zip_register_cancel_callback_with_state(archive.get(), is_stopped, nullptr, &watched) == 0);
  done(zip_close(archive.get()) == 0);
  static_cast<void>(archive.release());
}

struct ZipReader::Archive {
  Handle handle;
};

ZipReader::ZipReader(const std::filesystem::path& file)
    : archive_(std::make_unique<Archive>(Archive{open_zip(file, ZIP_RDONLY | ZIP_CHECKCONS)})) {
  const zip_int64_t entries = zip_get_num_entries(archive_->handle.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* name = zip_get_name(archive_->handle.get(), static_cast<zip_uint64_t>(i), 0);
    if (name == nullptr) throw ZipFailed(zip_strerror(archive_->handle.get()));
    names_.emplace_back(name);
  }
}

ZipReader::~ZipReader() = default;

void ZipReader::read(const std::string& name, const std::function<void(std::string_view)>& piece) const {
  const std::unique_ptr<zip_file_t, CloseEntry> entry(zip_fopen(archive_->handle.get(), name.c_str(), 0));
  if (!entry) throw ZipFailed(zip_strerror(archive_->handle.get()));
  std::string buffer(piece_octets, '\0');
  for (;;) {
    const zip_int64_t got = zip_fread(entry.get(), buffer.data(), buffer.size());
    if (got < 0) throw ZipFailed(zip_file_strerror(entry.get()));
    if (got == 0) return;
    piece(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
  }
}

}  // namespace geleit
