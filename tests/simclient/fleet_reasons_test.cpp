#include "simclient/fleet_reasons.h"

#include <gtest/gtest.h>

namespace pxeproof::rom {
namespace {

TEST(FleetReasons, AreAlikeForMachinesThatFailedAlike) {
  const OwnNames names{
      .mac = {{0x02, 0xab, 0, 0, 0, 0x1f}}, .guid = {}, .address = Ipv4Address::of(192, 170, 0, 1)};
  EXPECT_EQ(common_reason("ERROR 5: ignoring packet from 192.170.0.1 (TID mismatch)", names),
            "ERROR 5: ignoring packet from <address> (TID mismatch)");
  EXPECT_EQ(common_reason("pxelinux.cfg/01-02-ab-00-00-00-1f, pxelinux.cfg/C0AA0001", names),
            "pxelinux.cfg/01-<MAC>, pxelinux.cfg/<address>");
  EXPECT_EQ(common_reason("/02AB0000001F/grub.cfg of 02:ab:00:00:00:1f", names),
            "/<MAC>/grub.cfg of <MAC>");
}

TEST(FleetReasons, KeepTheAddressesOfOthers) {
  const OwnNames names{.mac = {}, .guid = {}, .address = Ipv4Address::of(10, 0, 0, 1)};
  EXPECT_EQ(common_reason("10.0.0.12 and 110.0.0.1 and 10.0.0.1.", names),
            "10.0.0.12 and 110.0.0.1 and <address>.");
}

}  // namespace
}  // namespace pxeproof::rom
