#include "services/token_book.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <tuple>
#include <vector>

#include "services/durable_file.h"
#include "services/file_text.h"
#include "services/kafka_keys.h"

namespace geleit {
namespace {

class TokenFile final : public TokenBook {
 public:
  explicit TokenFile(std::filesystem::path file) : file_(std::move(file)) {}

  std::shared_ptr<const Tokens> all() override {
    const std::lock_guard lock(mutex_);
    read();
    // Whoever takes the tokens away, or damages them, opens nothing.
    if (tokens_->empty() && seen_)
      throw TokenBookFailed(file_.string() + ": expected tokens, but there are none");
    return tokens_;
  }

  void put(const Token& token) override {
    const std::lock_guard lock(mutex_);
    try {
      const FileLock alone(token_lock(file_), true);
      read();
      write_at_end(file_, octets_, token_line(token) + '\n');
      sync_directory(file_.has_parent_path() ? file_.parent_path() : ".");
    } catch (const std::system_error& failed) {
      throw TokenBookFailed(file_.string() + ": " + failed.what());
    }
  }

 private:
  /// Inode, size, and when it was written.
  using Mark = std::tuple<ino_t, off_t, time_t, long>;

  void read() {
    struct stat told {};
    if (::stat(file_.c_str(), &told) != 0) {
      if (errno != ENOENT) throw TokenBookFailed(fmt::format("{}: {}", file_.string(), std::strerror(errno)));
      if (seen_) throw TokenBookFailed(file_.string() + ": it is gone");
      return;
    }
    seen_ = true;
    const Mark mark{told.st_ino, told.st_size, told.st_mtim.tv_sec, told.st_mtim.tv_nsec};
    if (mark == read_as_) return;
    const auto text = read_text(file_);
    if (!text) throw TokenBookFailed(fmt::format("{}: {}", file_.string(), std::strerror(errno)));
    auto tokens = std::make_shared<Tokens>();
    std::size_t at = 0, number = 0;
    // What a kill left of a last line was promised to nobody; the next one is written over it.
    for (std::size_t end; (end = text->find('\n', at)) != std::string::npos; at = end + 1) {
      ++number;
      auto token = parse_token_line(std::string_view(*text).substr(at, end - at));
      if (!token) {
        throw TokenBookFailed(
            fmt::format("{}:{}: expected a token as geleit token writes it", file_.string(), number));
      }
      (*tokens)[token->id] = std::move(*token);
    }
    for (const auto& [id, before] : *tokens_) {
      const auto now = tokens->find(id);
      // An older copy of the file, or one that was cut off, gives nobody back what was taken.
      if (now != tokens->end() && (now->second.revoked || !before.revoked)) continue;
      throw TokenBookFailed(fmt::format("{}: expected all that is known of token {}, but some of it is gone",
                                        file_.string(), id));
    }
    octets_ = at;
    tokens_ = std::move(tokens);
    read_as_ = mark;
  }

  std::filesystem::path file_;
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Tokens> tokens_ = std::make_shared<Tokens>();
  Mark read_as_{};  // what told the file from others when it was read
  std::uint64_t octets_ = 0;
  bool seen_ = false;  // it was there
};

class TokenTopic final : public TokenBook {
 public:
  explicit TokenTopic(KafkaKeys& keys) : keys_(keys) {}

  std::shared_ptr<const Tokens> all() override {
    const std::lock_guard lock(mutex_);
    if (keys_.tokens_changed() == read_as_) return tokens_;
    auto tokens = std::make_shared<Tokens>();
    const auto [changes, lines] = keys_.tokens();
    for (const std::string& line : lines) {
      auto token = parse_token_line(line);
      if (!token) throw TokenBookFailed("the keys' topic holds a token that is none");
      (*tokens)[token->id] = std::move(*token);
    }
    tokens_ = std::move(tokens);
    read_as_ = changes;
    return tokens_;
  }

  void put(const Token& token) override {
    try {
      keys_.put_token(token.id, token_line(token));
    } catch (const KeyStoreFailed& failed) { throw TokenBookFailed(failed.what()); }
  }

 private:
  KafkaKeys& keys_;
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Tokens> tokens_ = std::make_shared<Tokens>();
  std::uint64_t read_as_ = 0;
};

}  // namespace

std::vector<Token> oldest_first(const Tokens& tokens) {
  std::vector<Token> all;
  for (const auto& [id, token] : tokens) all.push_back(token);
  std::ranges::stable_sort(all, {}, &Token::created);
  return all;
}

std::filesystem::path token_lock(const std::filesystem::path& file) { return file.string() + ".lock"; }
std::unique_ptr<TokenBook> token_file(std::filesystem::path file) {
  return std::make_unique<TokenFile>(std::move(file));
}
std::unique_ptr<TokenBook> token_topic(KafkaKeys& keys) { return std::make_unique<TokenTopic>(keys); }

}  // namespace geleit
