// A disk that fails on demand, below RocksDB: everything goes to the real files unless a switch says
// otherwise. One for each database that is to fail on its own. Switches may be turned by any thread.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace geleit {

class FaultyDisk final : public rocksdb::FileSystemWrapper {
 public:
  FaultyDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyDisk"; }

  std::atomic<bool> syncs_fail{false};
  std::atomic<bool> read_only{false};
  std::atomic<int> sync_takes_ms{0};
  /// Octets that can still be written; below zero: no bound. The write that does not fit is torn: what fits
  /// is written.
  std::atomic<std::int64_t> room{-1};
  std::atomic<int> failures{0};  ///< that were given

  /// What was never synced is gone, as after a power cut. The databases must be closed by then.
  void cut_power() {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, octets] : synced_) {
      std::error_code ignored;
      if (std::filesystem::exists(name, ignored) && std::filesystem::file_size(name) > octets)
        std::filesystem::resize_file(name, octets);
    }
    synced_.clear();
  }

  /// The files of a directory as a power cut at this moment would leave them, while the databases go on.
  void copy_as_if_power_were_cut(const std::filesystem::path& from, const std::filesystem::path& to) {
    const std::lock_guard lock(mutex_);  // nothing is removed or renamed meanwhile
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    for (const auto& [name, octets] : synced_) {
      const auto copy = to / std::filesystem::relative(name, from);
      std::error_code ignored;
      if (std::filesystem::exists(copy, ignored) && std::filesystem::file_size(copy) > octets)
        std::filesystem::resize_file(copy, octets);
    }
  }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* made,
                                    rocksdb::IODebugContext* debug) override {
    if (read_only) return failed(rocksdb::IOStatus::IOError(name, "Read-only file system"));
    if (room == 0) return failed(no_space(name));
    const auto status = FileSystemWrapper::NewWritableFile(name, options, made, debug);
    if (status.ok()) *made = std::make_unique<File>(*this, name, std::move(*made));
    return status;
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* made,
                                       rocksdb::IODebugContext* debug) override {
    if (read_only) return failed(rocksdb::IOStatus::IOError(name, "Read-only file system"));
    const auto status = FileSystemWrapper::ReopenWritableFile(name, options, made, debug);
    if (status.ok()) *made = std::make_unique<File>(*this, name, std::move(*made));
    return status;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (read_only) return failed(rocksdb::IOStatus::IOError(from, "Read-only file system"));
    const std::lock_guard lock(mutex_);
    const auto status = FileSystemWrapper::RenameFile(from, to, options, debug);
    if (const auto known = synced_.extract(from); status.ok() && known) synced_[to] = known.mapped();
    return status;
  }
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (read_only) return failed(rocksdb::IOStatus::IOError(name, "Read-only file system"));
    const std::lock_guard lock(mutex_);
    synced_.erase(name);
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                 std::uint64_t* octets, rocksdb::IODebugContext* debug) override {
    const auto status = FileSystemWrapper::GetFreeSpace(path, options, octets, debug);
    if (const std::int64_t left = room; left >= 0) *octets = static_cast<std::uint64_t>(left);
    return status;
  }

 private:
  static rocksdb::IOStatus no_space(const std::string& name) {
    auto status = rocksdb::IOStatus::NoSpace(name, "No space left on device");
    status.SetRetryable(true);
    return status;
  }
  rocksdb::IOStatus failed(rocksdb::IOStatus status) {
    ++failures;
    return status;
  }

  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultyDisk& disk, std::string name, std::unique_ptr<rocksdb::FSWritableFile>&& file)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {
      synced(0);
    }
    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      return append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
      return append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      return sync([&] { return FSWritableFileOwnerWrapper::Sync(options, debug); });
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      return sync([&] { return FSWritableFileOwnerWrapper::Fsync(options, debug); });
    }

   private:
    rocksdb::IOStatus append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) {
      if (disk_.read_only) return disk_.failed(rocksdb::IOStatus::IOError(name_, "Read-only file system"));
      std::int64_t room = disk_.room;
      if (room >= 0) {
        const auto fits = std::min<std::int64_t>(room, static_cast<std::int64_t>(data.size()));
        disk_.room = room - fits;
        if (fits < static_cast<std::int64_t>(data.size())) {
          const auto some = static_cast<std::size_t>(fits);
          (void)FSWritableFileOwnerWrapper::Append({data.data(), some}, options, debug);
          octets_ += some;
          return disk_.failed(no_space(name_));
        }
      }
      const auto status = FSWritableFileOwnerWrapper::Append(data, options, debug);
      if (status.ok()) octets_ += data.size();
      return status;
    }
    template <class Real>
    rocksdb::IOStatus sync(Real real) {
      if (const int ms = disk_.sync_takes_ms; ms > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(ms));
      if (disk_.syncs_fail) return disk_.failed(rocksdb::IOStatus::IOError(name_, "Input/output error"));
      const auto status = real();
      if (status.ok()) synced(octets_);
      return status;
    }
    void synced(std::uint64_t octets) {
      const std::lock_guard lock(disk_.mutex_);
      disk_.synced_[name_] = octets;
    }

    FaultyDisk& disk_;
    std::string name_;
    std::uint64_t octets_ = 0;
  };

  std::mutex mutex_;
  std::map<std::string, std::uint64_t> synced_;  ///< octets of each file written here
};

/// What a database takes; must outlive it.
struct FaultyEnv {
  std::shared_ptr<FaultyDisk> disk = std::make_shared<FaultyDisk>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
};

}  // namespace geleit
