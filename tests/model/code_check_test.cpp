// The check of code before libtorch's lexer and parser, which descend by recursion, see it.
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "formats/archive/code_check.h"

namespace whycam::test {
namespace {

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

std::string fault_of(const std::string& code) {
  try {
    archive::check_code(code);
  } catch (const std::runtime_error& fault) {
    return fault.what();
  }
  return "";
}

TEST(CodeCheck, TakesWhatLibtorchWrites) {
  EXPECT_EQ(fault_of("class Net(Module):\n  __parameters__ = [\"weight\", ]\n  def forward(self: __torch__.Net,\n"
                     "    x: Tensor) -> Tensor:\n    # a remark\n\n    _0 = torch.add(x, CONSTANTS.c0)\n"
                     "    if True:\n      y = _0\n    else:\n      y = x\n    return y\n"),
            "");
  EXPECT_EQ(fault_of(repeated("  x = torch.relu(x)  # and so on\n\n\n", 30000)), "") << "long, and never deep";
}

TEST(CodeCheck, CountsLinesWithNothingInThem) {
  for (const char* line : {"\n", "  \n", "# nothing\n", "  # (((\n", "\t\r\f\n", "\\\n", "#\n\n", "# \"\n"}) {
    EXPECT_NE(fault_of("x = 1" + repeated(line, 20000) + "y = 2\n").find("in a row"), std::string::npos) << line;
    EXPECT_NE(fault_of(repeated(line, 20000)).find("in a row"), std::string::npos) << line;
    EXPECT_NE(fault_of("x = (" + repeated(line, 20000) + "1)\n").find("in a row"), std::string::npos) << line;
    EXPECT_EQ(fault_of(repeated("x = 1\n" + repeated(line, 100), 100)), "") << line;
  }
}

TEST(CodeCheck, FindsDepthBehindCommentsAndStrings) {
  for (const char* hidden : {"  # )\n", "\"\"\" ) \"\"\"", "'''\n) '''", "''' ' ) \\''' '''", "\") #\"", "')'"})
    EXPECT_NE(fault_of("x = " + repeated("(" + std::string(hidden), 3000)).find("nested too deep"), std::string::npos)
        << hidden;
}

TEST(CodeCheck, FindsDepthOnContinuedLines) {
  for (const char* operation : {"-\\\n", "not \\\n", "not \\\n  \\\n", "1 ** \\\n"})
    EXPECT_NE(fault_of("x = " + repeated(operation, 3000) + "1\n").find("nested too deep"), std::string::npos)
        << operation;
}

TEST(CodeCheck, ReadsTypesInComments) {
  EXPECT_NE(fault_of("# type: " + repeated("List[", 3000)).find("nested too deep"), std::string::npos);
}

TEST(CodeCheck, DoesNotCountBracketsInCommentsAndStrings) {
  EXPECT_EQ(fault_of("x = 1  # " + std::string(5000, '(') + "\n"), "");
  EXPECT_EQ(fault_of("x = \"\"\"" + std::string(5000, '(') + "\n" + std::string(5000, '(') + "\"\"\"\n"), "");
}

}  // namespace
}  // namespace whycam::test
