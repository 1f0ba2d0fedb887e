// How the table [alert] of the configuration is read (channel_config.h shows one); for config.cc.
#pragma once

#include <toml++/toml.h>

#include <filesystem>

#include "services/channel_config.h"

namespace geleit {

inline constexpr std::size_t channels_max = 100;

/// `file` is the configuration, which sentences name and beside which files lie. Throws ConfigRefused.
[[nodiscard]] AlertConfig read_alert_table(const toml::table& table, const std::filesystem::path& file);

}  // namespace geleit
