"""An API nobody generated code for: compiled when the tests run, it has every form google.api.http knows."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import google.api.annotations_pb2
import google.protobuf.any_pb2
import google.protobuf.duration_pb2
import google.protobuf.field_mask_pb2
import google.protobuf.struct_pb2
import google.protobuf.timestamp_pb2
import google.protobuf.wrappers_pb2
import google.type.decimal_pb2
import grpc_tools
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

PACKAGE = "hedgerow.api.things.v1"
PROTO = """
syntax = "proto3";
package hedgerow.api.things.v1;
import "google/api/annotations.proto";
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/type/decimal.proto";

enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; COLOR_BLUE = 2; }

message Part { string name = 1; int32 size = 2; Part inside = 3; }

message Thing {
  string name = 1;
  string id = 2;
  int32 small = 3;
  int64 large = 4;
  uint32 count = 5;
  uint64 counter = 6;
  double ratio = 7;
  float rough = 8;
  bool flag = 9;
  bytes data = 10;
  Color color = 11;
  Part part = 12;
  repeated string tags = 13;
  repeated int32 numbers = 14;
  repeated Color colors = 15;
  repeated Part parts = 16;
  map<string, int32> sizes = 17;
  map<int32, Part> shelves = 18;
  google.protobuf.Timestamp create_time = 19;
  google.protobuf.Duration age = 20;
  google.protobuf.FieldMask mask = 21;
  google.protobuf.Struct extra = 22;
  google.protobuf.Value anything = 23;
  google.protobuf.Int64Value maybe = 24;
  google.protobuf.StringValue note = 25;
  google.protobuf.BoolValue really = 26;
  google.type.Decimal price = 27;
  optional int32 limit = 28;
  oneof choice { string word = 29; int32 number = 30; Part piece = 31; }
  repeated google.protobuf.Timestamp times = 32;
  google.protobuf.Any any = 33;
  google.protobuf.ListValue list = 34;
  google.protobuf.NullValue nothing = 35;
}

service ThingsService {
  rpc Get(Thing) returns (Thing) { option (google.api.http) = {
    get: "/v1/{name=things/*}"
    additional_bindings { get: "/v1/{name=shelves/*/things/*}" }
    additional_bindings { get: "/v1/colors/{color}/things/{part.name}" }
  }; }
  rpc Search(Thing) returns (Thing) { option (google.api.http) = {get: "/v1/things:search"}; }
  rpc Create(Thing) returns (Thing) { option (google.api.http) = {post: "/v1/things" body: "*"}; }
  rpc Rename(Thing) returns (Thing) { option (google.api.http) = {patch: "/v1/{name=things/*}" body: "*"}; }
  rpc SetPart(Thing) returns (Thing) { option (google.api.http) = {put: "/v1/{name=things/*}/part" body: "part"}; }
  rpc SetTags(Thing) returns (Thing) { option (google.api.http) = {put: "/v1/{name=things/*}/tags" body: "tags"}; }
  rpc Delete(Thing) returns (Thing) { option (google.api.http) = {delete: "/v1/{name=things/*}"}; }
  rpc Purge(Thing) returns (Thing) { option (google.api.http) = {custom: {kind: "PURGE" path: "/v1/{name=things/*}"}}; }
  rpc File(Thing) returns (Thing) { option (google.api.http) = {get: "/v1/files/{name=**}"}; }
  rpc Archive(Thing) returns (Thing) { option (google.api.http) = {post: "/v1/files/{name=**}:archive" body: "*"}; }
  rpc PartOf(Thing) returns (Thing) { option (google.api.http) = {
    get: "/v1/part-of/{part.name}" response_body: "part"
    additional_bindings { get: "/v1/tags-of/{part.name}" response_body: "tags" }
  }; }
  rpc Fail(Thing) returns (Thing) { option (google.api.http) = {post: "/v1/things:fail" body: "*"}; }
  rpc Wait(Thing) returns (Thing) { option (google.api.http) = {get: "/v1/things:wait"}; }
  rpc Watch(Thing) returns (stream Thing) { option (google.api.http) = {get: "/v1/things:watch"}; }
  rpc Talk(stream Thing) returns (stream Thing);
  rpc Hidden(Thing) returns (Thing);
}
"""


@cache
def things_service() -> ServiceDescriptor:
    """The service, compiled and added to the pool of this process."""
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    google_types = Path(google.api.annotations_pb2.__file__).parent.parent.parent
    with tempfile.TemporaryDirectory() as folder:
        source, compiled = Path(folder) / "things.proto", Path(folder) / "things.bin"
        source.write_text(PROTO)
        arguments = [f"-I{folder}", f"-I{well_known}", f"-I{google_types}", f"--descriptor_set_out={compiled}"]
        assert protoc.main(["protoc", *arguments, str(source)]) == 0
        files = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
    pool: Any = descriptor_pool.Default()
    pool.Add(files.file[0])
    service: ServiceDescriptor = pool.FindServiceByName(f"{PACKAGE}.ThingsService")
    return service


def thing(**fields: Any) -> Any:
    """A Thing."""
    return thing_class()(**fields)


def thing_class() -> type[Message]:
    """The class of Thing."""
    things_service()
    pool: Any = descriptor_pool.Default()
    return GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Thing"))
