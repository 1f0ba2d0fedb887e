// Who may come in: all tokens of an installation, as hashes. On one machine `<data>/tokens.ndjson`, a line
// with each change, the last one about a token counts; on Kafka the same lines under `geleit.token.<id>` in
// the keys' topic. `geleit token` writes beside a running service, which sees it with the next request (on
// Kafka: as soon as the topic is read, some milliseconds).
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "services/token.h"

namespace geleit {

class KafkaKeys;
struct DataDirectory;

/// It cannot be read or written, or is none of ours; then nobody comes in. Says which and why.
struct TokenBookFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// By id.
using Tokens = std::map<std::string, Token, std::less<>>;
/// As people want to see them.
[[nodiscard]] std::vector<Token> oldest_first(const Tokens& tokens);

/// Thread-safe.
class TokenBook {
 public:
  virtual ~TokenBook() = default;
  /// Those revoked and expired included; none: the service asks nobody for one. Throws TokenBookFailed, also
  /// where there were tokens and the book is gone.
  [[nodiscard]] virtual std::shared_ptr<const Tokens> all() = 0;
  /// A new one, or a known one as it is from now on; durable when it returns. Throws TokenBookFailed.
  virtual void put(const Token& token) = 0;
};

[[nodiscard]] std::unique_ptr<TokenBook> token_file(std::filesystem::path file);
/// Beside the file, held by whoever writes it.
[[nodiscard]] std::filesystem::path token_lock(const std::filesystem::path& file);
/// `keys` outlives it.
[[nodiscard]] std::unique_ptr<TokenBook> token_topic(KafkaKeys& keys);

}  // namespace geleit
