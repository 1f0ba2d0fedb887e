#include "services/alert/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "services/base64.h"

namespace geleit {

std::string webhook_signature(const std::vector<std::string>& secrets, std::string_view id,
                              std::int64_t seconds, std::string_view body) {
  std::string content(id);
  content.append(".").append(std::to_string(seconds)).append(".").append(body);
  std::string signatures;
  for (const std::string& secret : secrets) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
               reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data(),
               &length) == nullptr) {
      throw std::runtime_error("OpenSSL refuses to compute HMAC-SHA256");
    }
    if (!signatures.empty()) signatures.push_back(' ');
    signatures.append("v1,").append(to_base64({reinterpret_cast<const char*>(digest.data()), length}));
  }
  return signatures;
}

}  // namespace geleit
