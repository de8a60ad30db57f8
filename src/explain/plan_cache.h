// Plans, kept for the requests that they fit.
#pragma once

#include <algorithm>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "core/cannot_compile.h"
#include "explain/run_pool.h"

namespace whycam::explain {

using core::CannotCompile;

/// Thread-safe. Keeps the plans used last, as many as fit into most_kept_bytes() (and always the latest); and why
/// others could not be made. A Key is made of typed values and compared with ==: a text made of them could be that of
/// two requests. A Plan has runs(), its RunPool.
template <class Key, class Plan>
class PlanCache {
 public:
  /// The plan of that key; `make` gives it where it is not there yet. Throws CannotCompile, and what else `make`
  /// throws.
  template <class Make>
  std::shared_ptr<const Plan> plan_for(const Key& key, const Make& make) {
    const std::lock_guard<std::mutex> lock(mutex_);  // one compilation at a time: others may wait for the same plan
    auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) { return one.key == key; });
    if (entry == entries_.end()) {
      Entry made{key, nullptr, {}};
      try {
        made.plan = make();
      } catch (const CannotCompile& reason) {
        made.reason = reason.what();
      }
      entries_.push_front(std::move(made));
    } else {
      entries_.splice(entries_.begin(), entries_, entry);
    }
    forget_what_is_too_much();
    if (!entries_.front().plan) throw CannotCompile(entries_.front().reason);
    return entries_.front().plan;
  }

 private:
  static constexpr std::size_t most_entries = 64;

  struct Entry {
    Key key;
    std::shared_ptr<const Plan> plan;  ///< null where it could not be made
    std::string reason;
  };

  void forget_what_is_too_much() {
    std::size_t at_most = 0, bytes = 0, kept = 0;
    for (const Entry& one : entries_) at_most += one.plan ? one.plan->runs().bytes() : 0;
    if (at_most <= most_kept_bytes() && entries_.size() <= most_entries) return;
    std::set<const void*> counted;  // plans share packed weights
    for (auto one = entries_.begin(); one != entries_.end();) {
      bytes += one->plan ? one->plan->runs().bytes(counted) : 0;
      one = kept++ > 0 && (bytes > most_kept_bytes() || kept > most_entries) ? entries_.erase(one) : std::next(one);
    }
  }

  std::mutex mutex_;
  std::list<Entry> entries_;  ///< the one used last comes first
};

}  // namespace whycam::explain
