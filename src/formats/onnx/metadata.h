// What exporters say of a node beside what it computes.
#pragma once

#include <string>
#include <vector>

#include "formats/onnx/contents.h"

namespace whycam::onnx {

/// A node's metadata of this key; empty where it has none. Versions of ONNX before 1.16 do not know a node's metadata
/// and keep it as a field that is unknown.
std::string metadata_of(const proto::NodeProto& node, const std::string& key);

/// Which of several functions of one name is called, or is defined; known since ONNX 1.16.
std::string overload_of(const proto::NodeProto& call);
std::string overload_of(const proto::FunctionProto& function);

/// The attributes that a function has where its call does not give them; known since ONNX 1.13.
std::vector<proto::AttributeProto> defaults_of(const proto::FunctionProto& function);

/// The texts of a list as Python prints it: ['', 'features', 'features.3', 'relu_1']. Empty where it is no such list.
std::vector<std::string> texts_of_list(const std::string& list);

/// The key under which PyTorch's newer exporter says where a node comes from.
constexpr const char* name_scopes = "pkg.torch.onnx.name_scopes";

/// The module of a node, and all around it, outermost first, as PyTorch's newer exporter says in the node's metadata.
/// Empty where it says nothing.
std::vector<std::string> modules_in_metadata(const proto::NodeProto& node);

}  // namespace whycam::onnx
