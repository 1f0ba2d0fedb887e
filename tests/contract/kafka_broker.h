// A real broker for a test program: deploy/kafka/start in a directory of its own, ended with the program,
// however that ends. With GELEIT_KAFKA=kafka://HOST:PORT in the environment that one is used instead.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "events/kafka_address.h"
#include "tests/temporary_directory.h"

namespace geleit {

/// What a command of the shell prints, without the last line ends.
inline std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output.push_back(static_cast<char>(c));
  pclose(pipe);
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output;
}
class KafkaBroker {
 public:
  explicit KafkaBroker(int brokers = 1) : dir_(temporary_.path() / "kafka") {
    const char* given = std::getenv("GELEIT_KAFKA");
    if (brokers == 1 && given != nullptr) {
      address_ = given;
      return;
    }
    // Ends the brokers when the other end of the pipe closes, which it does when this program is killed too.
    const std::string stop =
        "exec setsid sh -c 'cat >/dev/null; deploy/kafka/stop --dir " + dir_.string() + "' 2>/dev/null";
    guard_ = popen(stop.c_str(), "w");
    address_ =
        output_of("deploy/kafka/start --brokers " + std::to_string(brokers) + " --dir " + dir_.string());
    if (guard_ == nullptr || !is_kafka_address(address_)) {
      end();
      throw std::runtime_error("expected deploy/kafka/start to print an address, but got '" + address_ + "'");
    }
  }
  ~KafkaBroker() { end(); }
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;

  /// Of a topic that nobody has used.
  KafkaAddress new_topic() {
    return parse_kafka_address(address_ + "/" + "test-" + temporary_.path().filename().string() + "-" +
                               std::to_string(++topics_));
  }

  void kill_broker(int number) { send("-KILL", number); }
  void freeze_broker(int number) { send("-STOP", number); }
  void thaw_broker(int number) { send("-CONT", number); }
  void start_again() { (void)output_of("deploy/kafka/start --dir " + dir_.string()); }

 private:
  void send(const std::string& signal, int number) {
    (void)output_of("kill " + signal + " $(cat " + (dir_ / std::to_string(number) / "pid").string() + ")");
  }
  void end() {
    if (guard_ != nullptr) pclose(guard_);
    guard_ = nullptr;
  }

  TemporaryDirectory temporary_;
  std::filesystem::path dir_;
  std::string address_;
  FILE* guard_ = nullptr;
  int topics_ = 0;
};

}  // namespace geleit
