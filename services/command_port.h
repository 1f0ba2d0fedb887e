// How watch and alert reach an intake: in their own process, or over HTTP (`--intake URL`).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace geleit {

/// What became of a command of the service.
enum class PortAnswer : std::uint8_t {
  recorded,  ///< now, or before
  refused,   ///< it is not so, as the log has it
  later,     ///< it could not be decided now
};

class CommandPort {
 public:
  virtual ~CommandPort() = default;
  /// Commands as lines (service_commands.h), decided in their order. `answered` is called once, in whatever
  /// thread, with one answer a line; it must not block. Any thread; does not block.
  virtual void submit(std::string lines, std::function<void(std::vector<PortAnswer>)> answered) = 0;
};

}  // namespace geleit
