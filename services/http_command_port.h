// The command port of a process that is no intake: over HTTP to one of `--intake URL`, with the token that
// all processes of an installation share (key_store.h, service_token).
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/command_port.h"
#include "services/http_client.h"

namespace geleit {

class HttpCommandPort final : public CommandPort {
 public:
  HttpCommandPort(std::vector<ServerUrl> intakes, std::string token);
  /// What waits still is answered "later".
  ~HttpCommandPort() override;
  HttpCommandPort(const HttpCommandPort&) = delete;
  HttpCommandPort& operator=(const HttpCommandPort&) = delete;
  void submit(std::string lines, std::function<void(std::vector<PortAnswer>)> answered) override;

 private:
  struct Asked {
    std::string lines;
    std::function<void(std::vector<PortAnswer>)> answered;
  };
  void run();

  std::vector<ServerUrl> intakes_;
  std::string token_;
  std::mutex mutex_;  // guards the two below
  std::condition_variable given_;
  std::deque<Asked> queue_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace geleit
