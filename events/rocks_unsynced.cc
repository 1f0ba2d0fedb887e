#include "events/rocks_unsynced.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace geleit {
namespace {

class UnsyncedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return Flush(options, debug);
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return Flush(options, debug);
  }
  rocksdb::IOStatus RangeSync(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&,
                              rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
};

class UnsyncedDirectory final : public rocksdb::FSDirectory {
 public:
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
};

class UnsyncedFiles final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "UnsyncedFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* made,
                                    rocksdb::IODebugContext* debug) override {
    return unsynced(FileSystemWrapper::NewWritableFile(name, options, made, debug), made);
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* made,
                                       rocksdb::IODebugContext* debug) override {
    return unsynced(FileSystemWrapper::ReopenWritableFile(name, options, made, debug), made);
  }
  rocksdb::IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* made,
                                      rocksdb::IODebugContext* debug) override {
    return unsynced(FileSystemWrapper::ReuseWritableFile(name, old_name, options, made, debug), made);
  }
  rocksdb::IOStatus NewDirectory(const std::string&, const rocksdb::IOOptions&,
                                 std::unique_ptr<rocksdb::FSDirectory>* made,
                                 rocksdb::IODebugContext*) override {
    *made = std::make_unique<UnsyncedDirectory>();
    return rocksdb::IOStatus::OK();
  }

 private:
  static rocksdb::IOStatus unsynced(rocksdb::IOStatus status,
                                    std::unique_ptr<rocksdb::FSWritableFile>* made) {
    if (status.ok()) *made = std::make_unique<UnsyncedFile>(std::move(*made));
    return status;
  }
};

}  // namespace

std::shared_ptr<rocksdb::Env> make_unsynced_env(rocksdb::Env* below) {
  if (below == nullptr) below = rocksdb::Env::Default();
  return rocksdb::NewCompositeEnv(std::make_shared<UnsyncedFiles>(below->GetFileSystem()));
}

}  // namespace geleit
