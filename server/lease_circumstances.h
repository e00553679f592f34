#pragma once

#include <string>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"

namespace pxeproof::server {

// What is known of a client while its request is answered, and is not kept with its lease.
struct LeaseCircumstances {
  std::string interface {};
  Ipv4Address relay{};                 // unspecified: none
  std::string supplied_name{};         // option 12, as the client wrote it
  std::string vendor_class{};          // option 60
  std::string user_classes{};          // option 77, with NUL between them
  std::string manufacturer_usage{};    // option 161
  std::string gateway_manufacturer{};  // of option 125, as TR-069 has it
  std::string gateway_serial_number{};
  std::string gateway_product_class{};
  std::string circuit_id{};  // of option 82
  std::string subscriber_id{};
  std::string remote_id{};
  Bytes requested_options{};  // option 55
  std::vector<std::string> tags{};
  // The client has had its address all the time, or is a BOOTP client, which has it for ever:
  // nothing else is known.
  bool is_renewal = false;
};

}  // namespace pxeproof::server
