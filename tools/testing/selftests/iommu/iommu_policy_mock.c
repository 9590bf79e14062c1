// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the kernel do what tools/iommu/iommu-policy.c says? Mock devices differ in
 * whether their IOMMU can nest, and whether that is safe. For every pair of them and
 * every format the answers of IOMMU_DEVICE_GET_INFO go to the policy, and then
 * IOMMU_IOASID_ALLOC has to make what the policy says, or refuse what it says that is
 * not possible, for the same device.
 */
#include "../../../iommu/iommu-policy.h"
#include "mock_fixture.h"

#define COOKIE	0x707cULL
#define ROOM	8

static const __u32 kinds[] = {
	0,
	MOCK_DEVICE_PASID,
	MOCK_DEVICE_NONCOHERENT,
	MOCK_DEVICE_NO_NESTING,
};

#define NUM_KINDS ARRAY_SIZE(kinds)

/* A device of each kind, and what the kernel says of it */
struct devices {
	int fd;
	__u32 ioas;
	struct iommu_device_get_info infos[NUM_KINDS];
	struct iommu_format_info formats[NUM_KINDS][ROOM];
	struct iommu_iova_range ranges[NUM_KINDS][ROOM];
};

FIXTURE(policy)
{
	struct devices all;
};

FIXTURE_SETUP(policy)
{
	struct devices *all = &self->all;
	struct mock_device dev;

	all->fd = iommu_open();
	ASSERT_LE(0, all->fd);
	ASSERT_EQ(0, ioas_alloc(all->fd, &all->ioas));
	for (size_t i = 0; i < NUM_KINDS; i++) {
		ASSERT_EQ(0, mock_device_cookie(all->fd, all->ioas, kinds[i],
						COOKIE + i, &dev));
		all->infos[i] = (struct iommu_device_get_info){
			.size = sizeof(all->infos[i]),
			.dev_cookie = COOKIE + i,
			.format_len = sizeof(all->formats[i][0]),
			.num_formats = ROOM,
			.num_ranges = ROOM,
			.formats = (uintptr_t)all->formats[i],
			.ranges = (uintptr_t)all->ranges[i],
		};
		ASSERT_EQ(0, iommu_ioctl(all->fd, IOMMU_DEVICE_GET_INFO,
					 &all->infos[i]));
	}
}

FIXTURE_TEARDOWN(policy)
{
	EXPECT_EQ(0, close(self->all.fd));
}

/* A child of the format for two devices */
static int make_child(struct devices *all, __u32 format,
		      const size_t *pair, struct iommu_ioasid_alloc *cmd)
{
	struct mock_hwpt_data data = { .iotlb = 1 };
	__u64 cookies[] = { COOKIE + pair[0], COOKIE + pair[1] };

	*cmd = (struct iommu_ioasid_alloc){
		.size = sizeof(*cmd),
		.format = format,
		.parent_id = all->ioas,
		.cookies = (uintptr_t)cookies,
		.num_cookies = 2,
		.data_len = format ? sizeof(data) : 0,
		.data = (uintptr_t)&data,
	};
	return iommu_ioctl(all->fd, IOMMU_IOASID_ALLOC, cmd);
}

static struct iommu_policy_decision decide(struct devices *all,
					   __u32 format, const size_t *pair)
{
	struct iommu_policy_wish wish = { .format = format };
	struct iommu_device_get_info devices[] = {
		all->infos[pair[0]], all->infos[pair[1]],
	};

	return iommu_policy_decide(&wish, devices, 2);
}

static int count_agreements(struct __test_metadata *_metadata,
			    struct devices *all, __u32 format,
			    enum iommu_policy policy)
{
	struct iommu_ioasid_alloc cmd;
	size_t pair[2];
	int count = 0;

	for (size_t i = 0; i < NUM_KINDS * NUM_KINDS; i++) {
		struct iommu_policy_decision decision;
		int rc;

		pair[0] = i / NUM_KINDS;
		pair[1] = i % NUM_KINDS;
		decision = decide(all, format, pair);
		if (decision.policy != policy)
			continue;
		count++;
		rc = make_child(all, format, pair, &cmd);
		if (policy == IOMMU_POLICY_HW_NESTING) {
			EXPECT_EQ(0, rc);
			EXPECT_EQ(IOMMU_IOASID_HW_NESTED, cmd.out_nesting);
		} else {
			EXPECT_EQ(decision.hardware.code == IOMMU_POLICY_UNSAFE ?
				  -EPERM : -EOPNOTSUPP, rc);
			EXPECT_EQ(decision.hardware.device, cmd.out_refused);
			EXPECT_EQ(0, make_child(all, IOMMU_FORMAT_MAP_UNMAP,
						pair, &cmd));
			EXPECT_EQ(IOMMU_IOASID_SW_NESTED, cmd.out_nesting);
		}
		EXPECT_EQ(0, iommu_destroy(all->fd, cmd.out_ioasid));
	}
	return count;
}

/* Of 16 pairs: how many can nest, by the flags of the devices */
TEST_F(policy, kernel_nests_what_the_policy_says)
{
	EXPECT_EQ(4, count_agreements(_metadata, &self->all, MOCK_HWPT_DATA,
				      IOMMU_POLICY_HW_NESTING));
	EXPECT_EQ(1, count_agreements(_metadata, &self->all, MOCK_PASID_TABLE_DATA,
				      IOMMU_POLICY_HW_NESTING));
}

TEST_F(policy, kernel_refuses_what_the_policy_says_and_can_shadow_it)
{
	EXPECT_EQ(12, count_agreements(_metadata, &self->all, MOCK_HWPT_DATA,
				       IOMMU_POLICY_SHADOWING));
	EXPECT_EQ(15, count_agreements(_metadata, &self->all, MOCK_PASID_TABLE_DATA,
				       IOMMU_POLICY_SHADOWING));
}

/* What is the first reason for the policy is the first for the kernel */
TEST_F(policy, reasons_are_those_of_the_device)
{
	const size_t unsafe[] = { 0, 2 }, without[] = { 3, 2 };
	struct iommu_policy_decision decision;

	decision = decide(&self->all, MOCK_HWPT_DATA, unsafe);
	EXPECT_EQ(IOMMU_POLICY_UNSAFE, decision.hardware.code);
	EXPECT_EQ(1, decision.hardware.device);
	decision = decide(&self->all, MOCK_HWPT_DATA, without);
	EXPECT_EQ(IOMMU_POLICY_NO_FORMAT, decision.hardware.code);
	EXPECT_EQ(0, decision.hardware.device);
}

/* The policy knows the limits of the mock: what it permits can be mapped */
TEST_F(policy, kernel_maps_what_the_policy_permits)
{
	struct iommu_iova_range range = {
		MOCK_APERTURE_START, MOCK_APERTURE_LAST
	};
	struct iommu_policy_wish wish = {
		.format = MOCK_HWPT_DATA, .memory = &range, .num_memory = 1,
	};
	void *memory = memory_map(page_size);

	EXPECT_EQ(IOMMU_POLICY_HW_NESTING,
		  iommu_policy_decide(&wish, self->all.infos, 1).policy);
	EXPECT_EQ(0, ioas_map_fixed(self->all.fd, self->all.ioas, memory, page_size,
				    range.last + 1 - page_size));
	range.last += page_size;
	EXPECT_EQ(IOMMU_POLICY_REFUSED,
		  iommu_policy_decide(&wish, self->all.infos, 1).policy);
	EXPECT_NE(0, ioas_map_fixed(self->all.fd, self->all.ioas, memory, page_size,
				    range.last + 1 - page_size));
}

TEST_HARNESS_MAIN
