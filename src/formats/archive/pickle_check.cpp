// Sources: Python's pickletools (protocol 2), and libtorch's Unpickler, which knows these instructions alone.
#include "formats/archive/pickle_check.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

#include "formats/archive/code_check.h"

namespace whycam::archive {
namespace {

constexpr int deepest = 1000;                   ///< values within values; libtorch takes them apart by recursion
constexpr std::size_t highest_stack = 1 << 22;  ///< values side by side
constexpr std::int64_t largest_tensor = std::int64_t{1} << 40;
constexpr std::size_t highest_rank = 64;

[[noreturn]] void fail(const std::string& reason) { throw std::runtime_error(reason); }

struct Value;
using Values = std::vector<Value>;

struct Value {
  enum class Kind { other, integer, text, tuple, function, item_type, storage, tensor };
  Kind kind = Kind::other;
  bool is_shared = false;  ///< in the memo: from now on it may be in several places
  int depth = 0;
  std::int64_t number = 0;                 ///< an integer, an element's bytes, or a storage's elements
  std::string_view text;                   ///< text, a function's or an element type's name, or a storage's type
  std::shared_ptr<const Values> elements;  ///< of a tuple
  std::string_view key{};                  ///< of a storage
  std::shared_ptr<const PickledTensor> tensor{};
};

/// The bytes of an element, by the name of its storage's type.
const std::map<std::string_view, int> item_sizes{
    {"ByteStorage", 1},   {"CharStorage", 1},        {"BoolStorage", 1},         {"ShortStorage", 2},
    {"IntStorage", 4},    {"LongStorage", 8},        {"HalfStorage", 2},         {"BFloat16Storage", 2},
    {"FloatStorage", 4},  {"DoubleStorage", 8},      {"QInt8Storage", 1},        {"QUInt8Storage", 1},
    {"QInt32Storage", 4}, {"ComplexHalfStorage", 4}, {"ComplexFloatStorage", 8}, {"ComplexDoubleStorage", 16}};

/// Functions of modules other than the network's own classes.
const std::set<std::string_view> other_functions{"torch.jit._pickle build_intlist",
                                                 "torch.jit._pickle build_doublelist",
                                                 "torch.jit._pickle build_boollist",
                                                 "torch.jit._pickle build_tensorlist",
                                                 "torch.jit._pickle restore_type_tag",
                                                 "torch.jit._pickle build_tensor_from_id",
                                                 "collections OrderedDict",
                                                 "builtins complex",
                                                 "torch._utils _rebuild_parameter",
                                                 "torch device"};
constexpr std::string_view rebuild_tensor = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view rebuild_quantised_tensor = "torch._utils _rebuild_qtensor";

bool starts_with(std::string_view text, std::string_view begin) { return text.substr(0, begin.size()) == begin; }

class Follower {
 public:
  /// Python fills dictionaries that are in its memo already, from which libtorch could make a value that contains
  /// itself.
  Follower(std::string_view pickle, const StorageSize& storage_size, bool for_libtorch)
      : pickle_(pickle), storage_size_(storage_size), for_libtorch_(for_libtorch) {}

  void run() {
    if (take(2) != "\x80\x02") fail("it is no pickle of protocol 2");
    for (char instruction = take(1)[0]; instruction != '.'; instruction = take(1)[0]) {
      if (!push_plain(instruction) && !collect(instruction) && !use_memo(instruction) && !call(instruction))
        fail("it has the unknown instruction " + std::to_string(static_cast<unsigned char>(instruction)));
      if (stack_.size() > highest_stack) fail("it piles up too many values");
    }
    if (stack_.size() != 1 || !marks_.empty()) fail("it leaves " + std::to_string(stack_.size()) + " values");
  }

  std::map<std::string, PickledTensor> tensors;  ///< of its dictionaries, by their keys

 private:
  using Kind = Value::Kind;

  std::string_view take(std::uint64_t count) {
    if (count > pickle_.size()) fail("it ends too early");
    const std::string_view bytes = pickle_.substr(0, count);
    pickle_.remove_prefix(count);
    return bytes;
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    const std::string_view bytes = take(size);
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  std::string_view line() {
    const std::string_view text = take(std::min(pickle_.find('\n'), pickle_.size()));
    take(1);
    return text;
  }

  void push(Kind kind = Kind::other, std::int64_t value = 0, std::string_view text = {}) {
    stack_.push_back({kind, false, 0, value, text, nullptr, {}, nullptr});
  }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Value& top(std::size_t below = 0) {
    if (stack_.size() < floor() + below + 1) fail("it takes more values than it has made");
    return stack_[stack_.size() - 1 - below];
  }
  Value pop() {
    Value value = std::move(top());
    stack_.pop_back();
    return value;
  }
  std::size_t pop_mark() {
    if (marks_.empty()) fail("it ends a collection that it has not begun");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    return mark;
  }
  Values pop_from(std::size_t begin) {
    Values values(std::make_move_iterator(stack_.begin() + static_cast<std::ptrdiff_t>(begin)),
                  std::make_move_iterator(stack_.end()));
    stack_.resize(begin);
    return values;
  }
  static int depth_around(const Values& values) {
    int depth = 0;
    for (const Value& value : values) depth = std::max(depth, value.depth);
    if (depth >= deepest) fail("its values are nested too deep");
    return depth + 1;
  }
  void put_into_top(const Values& values, bool pairs) {
    if (pairs && values.size() % 2) fail("it gives a dictionary a key without a value");
    if (top().is_shared && for_libtorch_) fail("it changes a value that is in use elsewhere");
    for (std::size_t i = 0; pairs && i + 1 < values.size(); i += 2)
      if (values[i].kind == Kind::text && values[i + 1].tensor)
        tensors[std::string(values[i].text)] = *values[i + 1].tensor;
    top().depth = std::max(top().depth, depth_around(values));
  }
  void push_tuple(Values elements) {
    const int depth = depth_around(elements);
    push(Kind::tuple);
    top().depth = depth;
    top().elements = std::make_shared<const Values>(std::move(elements));
  }

  bool push_plain(char instruction) {
    switch (instruction) {
      case ']':
      case '}':
      case 'N':
      case '\x88':
      case '\x89':
        push();
        return true;  // list, dictionary, None, booleans
      case ')':
        push_tuple({});
        return true;
      case 'K':
        push(Kind::integer, static_cast<std::int64_t>(number(1)));
        return true;
      case 'M':
        push(Kind::integer, static_cast<std::int64_t>(number(2)));
        return true;
      case 'J':
        push(Kind::integer, static_cast<std::int32_t>(number(4)));
        return true;
      case '\x8a':
        if (number(1) != 8) fail("it has an integer of another size than 8 bytes");
        push(Kind::integer, static_cast<std::int64_t>(number(8)));
        return true;
      case 'G':
        take(8);
        push();
        return true;
      case 'X':
        push(Kind::text, 0, take(number(4)));
        return true;
      default:
        return false;
    }
  }

  bool collect(char instruction) {
    switch (instruction) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case 't':
        push_tuple(pop_from(pop_mark()));
        return true;
      case '\x85':
      case '\x86':
      case '\x87': {
        const std::size_t count = static_cast<unsigned char>(instruction) - 0x84u;
        top(count - 1);
        push_tuple(pop_from(stack_.size() - count));
        return true;
      }
      case 'l':
      case 'd': {
        const Values values = pop_from(pop_mark());
        push();
        put_into_top(values, instruction == 'd');
        return true;
      }
      case 'e':
      case 'u':
        put_into_top(pop_from(pop_mark()), instruction == 'u');
        return true;
      case 'a':
        put_into_top({pop()}, false);
        return true;
      case 's':
        top(2);
        put_into_top(pop_from(stack_.size() - 2), true);
        return true;
      default:
        return false;
    }
  }

  bool use_memo(char instruction) {
    switch (instruction) {
      case 'q':
      case 'r': {
        const std::uint64_t place = number(instruction == 'q' ? 1 : 4);
        if (place > memo_.size()) fail("it leaves places in its memo empty");
        top().is_shared = true;
        if (place == memo_.size()) memo_.emplace_back();
        memo_[place] = top();
        return true;
      }
      case 'h':
      case 'j': {
        const std::uint64_t place = number(instruction == 'h' ? 1 : 4);
        if (place >= memo_.size()) fail("it asks its memo for a value that is not there");
        stack_.push_back(memo_[place]);
        return true;
      }
      default:
        return false;
    }
  }

  bool call(char instruction) {
    switch (instruction) {
      case 'c':
        push_global();
        return true;
      case '\x81':
        pop();
        top();
        return true;  // of a class and no arguments; what follows is its state
      case 'R':
      case 'b':
        apply();
        return true;
      case 'Q':
        fetch_storage();
        return true;
      default:
        return false;
    }
  }

  void push_global() {
    const char* const begin = pickle_.data();
    const std::string_view module = line(), name = line();
    const std::string both = std::string(module) + " " + std::string(name);
    const auto item = item_sizes.find(name);
    if (module == "torch" && item != item_sizes.end()) return push(Kind::item_type, item->second, item->first);
    if (module == "torch" && starts_with(name, "per_")) return push(Kind::integer);  // a way of quantisation
    const bool is_class = starts_with(module, "__torch__");
    if (!is_class && other_functions.count(both) == 0 && both != rebuild_tensor && both != rebuild_quantised_tensor)
      fail("it calls \"" + both.substr(0, 100) + "\", which whycam does not know");
    push(Kind::function, 0, {begin, both.size()});
  }

  void apply() {
    const Value argument = pop(), function = pop();
    if (function.kind != Kind::function) fail("it calls what is no function");
    const bool parameter = starts_with(function.text, "torch._utils\n_rebuild_parameter");
    const bool tensor = !parameter && starts_with(function.text, "torch._utils\n");
    if (tensor) check_tensor(argument);
    if (argument.kind == Kind::tuple)  // libtorch parses the names of types that go with lists and dictionaries
      for (const Value& value : *argument.elements)
        if (value.kind == Kind::text) check_code(value.text);
    push();
    if (!tensor) top().depth = depth_around({argument});
    if (tensor) describe_tensor(argument);
    if (parameter && argument.kind == Kind::tuple && !argument.elements->empty())
      top().tensor = argument.elements->front().tensor;
  }

  static const Value& element(const Value& tuple, std::size_t index, Kind kind) {
    if (tuple.kind != Kind::tuple || index >= tuple.elements->size() || (*tuple.elements)[index].kind != kind)
      fail("it describes a tensor in an unknown way");
    return (*tuple.elements)[index];
  }

  void fetch_storage() {
    const Value tuple = pop();
    const std::int64_t item_size = element(tuple, 1, Kind::item_type).number;
    const std::string_view key = element(tuple, 2, Kind::text).text;
    const std::int64_t count = element(tuple, 4, Kind::integer).number;
    const std::string name = "weights \"" + std::string(key.substr(0, 100)) + "\"";
    const auto held = storage_size_(key);
    std::int64_t bytes = 0;
    if (count < 0 || __builtin_mul_overflow(count, item_size, &bytes)) fail("the " + name + " have an impossible size");
    if (count > 0 && !held) fail("the " + name + " are missing");
    if (count > 0 && *held < static_cast<std::uint64_t>(bytes))
      fail("the " + name + " take " + std::to_string(bytes) + " bytes, but there are only " + std::to_string(*held));
    // Weights that several tensors share are fetched once; twice is generous.
    if (count > 0 && ++fetched_[key] > 2) fail("the " + name + " are fetched over and over");
    push(Kind::storage, count, element(tuple, 1, Kind::item_type).text);
    top().key = key;
  }

  /// A storage, an offset, sizes and strides: the last element has to lie in the storage.
  static void check_tensor(const Value& tuple) {
    const std::int64_t count = element(tuple, 0, Kind::storage).number;
    std::int64_t last = element(tuple, 1, Kind::integer).number, elements = 1;
    const Value &sizes = element(tuple, 2, Kind::tuple), &strides = element(tuple, 3, Kind::tuple);
    if (sizes.elements->size() != strides.elements->size() || sizes.elements->size() > highest_rank || last < 0)
      fail("it describes a tensor in an impossible way");
    for (std::size_t axis = 0; axis < sizes.elements->size(); ++axis) {
      const std::int64_t size = element(sizes, axis, Kind::integer).number,
                         stride = element(strides, axis, Kind::integer).number;
      std::int64_t step = 0;
      if (size < 0 || stride < 0 || __builtin_mul_overflow(elements, size, &elements) || elements > largest_tensor ||
          __builtin_mul_overflow(size - 1, stride, &step) || __builtin_add_overflow(last, step, &last))
        fail("it has a tensor of an impossible size");
    }
    if (elements > 0 && last >= count) fail("it has a tensor that is larger than its weights");
  }

  /// What check_tensor has found sound becomes the value on top.
  void describe_tensor(const Value& tuple) {
    PickledTensor found;
    const Value& storage = element(tuple, 0, Kind::storage);
    found.storage = storage.key;
    found.type = storage.text;
    found.offset = element(tuple, 1, Kind::integer).number;
    for (const Value& size : *element(tuple, 2, Kind::tuple).elements) found.sizes.push_back(size.number);
    for (const Value& stride : *element(tuple, 3, Kind::tuple).elements) found.strides.push_back(stride.number);
    top().kind = Kind::tensor;
    top().tensor = std::make_shared<const PickledTensor>(std::move(found));
  }

  std::string_view pickle_;
  const StorageSize& storage_size_;
  bool for_libtorch_;
  Values stack_;
  Values memo_;
  std::vector<std::size_t> marks_;
  std::map<std::string_view, int> fetched_;
};

}  // namespace

void check_pickle(std::string_view pickle, const StorageSize& storage_size) {
  Follower(pickle, storage_size, true).run();
}

std::map<std::string, PickledTensor> tensors_in_pickle(std::string_view pickle, const StorageSize& storage_size) {
  Follower follower(pickle, storage_size, false);
  follower.run();
  return std::move(follower.tensors);
}

}  // namespace whycam::archive
