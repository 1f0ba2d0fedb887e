// A function that is called at most once per use and may own what cannot be copied (a Responder, say), which
// std::function cannot hold.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace geleit::http {

template <class Signature>
class Unique;

/// Move-only std::function. Calling an empty one is undefined; ask first.
template <class R, class... Args>
class Unique<R(Args...)> {
 public:
  Unique() = default;
  Unique(std::nullptr_t) {}  // NOLINT: reads like std::function
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Unique> && std::is_invocable_r_v<R, F&, Args...>)
      Unique(F&& f)  // NOLINT: a lambda is given where a Unique is asked for
      : held_(std::make_unique<Held<std::decay_t<F>>>(std::forward<F>(f))) {}

  R operator()(Args... args) { return held_->call(std::forward<Args>(args)...); }
  explicit operator bool() const { return held_ != nullptr; }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Held final : Base {
    explicit Held(F f) : function(std::move(f)) {}
    R call(Args... args) override { return function(std::forward<Args>(args)...); }
    F function;
  };
  std::unique_ptr<Base> held_;
};

using Task = Unique<void()>;

}  // namespace geleit::http
