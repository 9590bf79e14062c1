// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested translation on an SMMUv3: stage 1 is the program's own.
 *
 * The program plays a guest: it writes a table of context descriptors and
 * AArch64 page tables into memory that an IOAS maps as the guest's physical
 * memory, and lets EDU0 do DMA to virtual addresses of that guest. What arrives
 * where proves what both stages say. QEMU's SMMUv3 keeps translations and
 * descriptors until it is told to drop them.
 *
 * With one stage only, the SMMU must refuse all that.
 */
#include <poll.h>
#include <sys/eventfd.h>

#include "edu_device.h"
#include "../../../iommu/smmuv3-guest.h"
#include "harness.h"

#define COOKIE		1

/* Where edu gets what it writes, and puts what it read: a virtual address, too */
#define STAGING		(GUEST_VA + 0x100000)
/* What the tests map */
#define VA		(GUEST_VA + 0x110000)
#define MSI_WINDOW	0x8000000ULL

#define IDR0_S2P	1
#define IDR0_S1P	2
#define IDR0_BOTH	(IDR0_S1P | IDR0_S2P)
#define IDR5_OAS	7

/* What the harness takes for "skipped": a test goes on after SKIP() in its setup */
#define KSFT_HARNESS_SKIP	255

#define PARAMETER \
	"/sys/module/arm_smmu_v3/parameters/allow_noncoherent_nesting"

static int smmu_info(int fd, __u32 dev, struct iommu_hw_info_arm_smmuv3 *info)
{
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = dev,
		.data_len = sizeof(*info),
		.data_uptr = (uintptr_t)info,
	};
	int rc = iommu_ioctl(fd, IOMMU_GET_HW_INFO, &cmd);

	if (rc)
		return rc;
	return cmd.out_data_type == IOMMU_HW_INFO_TYPE_ARM_SMMUV3 &&
	       cmd.data_len == sizeof(*info) ? 0 : -ENODEV;
}

/* With Y, N: allow it or not, where the SMMU does not make it safe */
static int allow_noncoherent(const char *value)
{
	int fd = open(PARAMETER, O_WRONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write(fd, value, 1) == 1 ? 0 : -errno;
	close(fd);
	return rc;
}

static int attach(struct edu_device *edu, __u32 pt)
{
	return edu_device_attach(edu, &pt);
}

/*
 * The device alone, on any SMMUv3
 */

FIXTURE(smmu)
{
	int fd;
	__u32 ioas;
	struct edu_device edu;
	struct iommu_hw_info_arm_smmuv3 info;
};

FIXTURE_SETUP(smmu)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	ASSERT_EQ(0, allow_noncoherent("Y"));
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
	ASSERT_EQ(0, smmu_info(self->fd, self->edu.dev_id, &self->info));
}

FIXTURE_TEARDOWN(smmu)
{
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
}

/* The machines are named after what their SMMU has */
TEST_F(smmu, tells_its_stages)
{
	const char *machine = getenv("MACHINE");
	__u32 expected;

	ASSERT_NE(NULL, machine);
	expected = !strcmp(machine, "virt-smmuv3-s1") ? IDR0_S1P :
		   !strcmp(machine, "virt-smmuv3-s2") ? IDR0_S2P : IDR0_BOTH;
	EXPECT_EQ(expected, self->info.idr[0] & IDR0_BOTH);
	EXPECT_EQ(0, self->info.flags);
	EXPECT_EQ(0, self->info.__reserved);
}

TEST_F(smmu, other_layout_of_its_info_is_refused)
{
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = self->edu.dev_id,
		.flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE,
		.in_data_type = 1,
	};

	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &cmd));
	cmd.in_data_type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
	EXPECT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &cmd));
	EXPECT_EQ(sizeof(struct iommu_hw_info_arm_smmuv3), cmd.data_len);
}

/* The doorbells that a table maps stay there without the device */
TEST_F(smmu, window_for_interrupts_goes_with_the_table)
{
	void *memory = memory_map(sysconf(_SC_PAGESIZE));
	__u64 length = sysconf(_SC_PAGESIZE);
	__u32 hwpt;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas, 0,
				&hwpt));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, memory, length,
				    MSI_WINDOW));
	EXPECT_EQ(-EADDRINUSE, attach(&self->edu, hwpt));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, MSI_WINDOW, length));
	ASSERT_EQ(0, attach(&self->edu, hwpt));
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, memory, length,
					  MSI_WINDOW));
	ASSERT_EQ(0, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, memory, length,
				    MSI_WINDOW));
}

TEST_F(smmu, has_parents_only_with_both_stages)
{
	bool both = (self->info.idr[0] & IDR0_BOTH) == IDR0_BOTH;
	__u32 hwpt;

	EXPECT_EQ(both ? 0 : -EOPNOTSUPP,
		  hwpt_alloc(self->fd, self->edu.dev_id, self->ioas,
			     IOMMU_HWPT_ALLOC_NEST_PARENT, &hwpt));
}

TEST_F(smmu, has_nested_tables_only_with_both_stages)
{
	struct iommu_hwpt_arm_smmuv3 data = { .ste = { STE_0_ABORT } };
	bool both = (self->info.idr[0] & IDR0_BOTH) == IDR0_BOTH;
	__u32 parent, nested;

	/* The format is refused before the parent is */
	if (!both) {
		ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas,
					0, &parent));
		EXPECT_EQ(-EOPNOTSUPP,
			  hwpt_alloc_data(self->fd, self->edu.dev_id, parent, 0,
					  IOMMU_HWPT_DATA_ARM_SMMUV3, &data,
					  sizeof(data), &nested));
		return;
	}
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &parent));
	EXPECT_EQ(0, hwpt_alloc_data(self->fd, self->edu.dev_id, parent, 0,
				     IOMMU_HWPT_DATA_ARM_SMMUV3, &data,
				     sizeof(data), &nested));
}

TEST_F(smmu, refuses_parents_that_track_what_is_written)
{
	__u32 hwpt;

	EXPECT_EQ(-EOPNOTSUPP,
		  hwpt_alloc(self->fd, self->edu.dev_id, self->ioas,
			     IOMMU_HWPT_ALLOC_NEST_PARENT |
			     IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt));
}

/*
 * A guest, on an SMMUv3 with both stages
 */

FIXTURE(nested)
{
	int fd;
	__u32 ioas, parent, hwpt;
	struct edu_device edu;
	struct smmuv3_guest guest;
};

static int nested_alloc(int fd, __u32 dev, __u32 parent, __u64 ste_0,
			__u64 ste_1, __u32 *hwpt)
{
	struct iommu_hwpt_arm_smmuv3 data = { .ste = { ste_0, ste_1 } };

	return hwpt_alloc_data(fd, dev, parent, 0, IOMMU_HWPT_DATA_ARM_SMMUV3,
			       &data, sizeof(data), hwpt);
}

FIXTURE_SETUP(nested)
{
	struct iommu_hw_info_arm_smmuv3 info;

	ASSERT_NE(NULL, getenv("EDU0"));
	ASSERT_EQ(0, allow_noncoherent("Y"));
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
	ASSERT_EQ(0, smmu_info(self->fd, self->edu.dev_id, &info));
	if ((info.idr[0] & IDR0_BOTH) != IDR0_BOTH)
		SKIP(_exit(KSFT_HARNESS_SKIP), "this SMMU has one stage only");

	self->guest.ips = info.idr[5] & IDR5_OAS;
	self->guest.memory = memory_map(GUEST_SIZE);
	ASSERT_NE(NULL, self->guest.memory);
	guest_init(&self->guest);
	guest_set_pte(&self->guest, STAGING, guest_ipa(GUEST_DATA) | PTE_PAGE);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->guest.memory,
				    GUEST_SIZE, GUEST_IPA));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &self->parent));
	ASSERT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, self->parent,
				  STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE),
				  STE_1_WBRA_ISH, &self->hwpt));
}

FIXTURE_TEARDOWN(nested)
{
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
}

static void fill(void *p, __u32 seed)
{
	for (size_t i = 0; i < EDU_MEMORY_SIZE / 4; i++)
		((__u32 *)p)[i] = seed * 2654435761u + i;
}

static bool is_filled(const void *p, __u32 seed)
{
	for (size_t i = 0; i < EDU_MEMORY_SIZE / 4; i++)
		if (((const __u32 *)p)[i] != seed * 2654435761u + i)
			return false;
	return true;
}

/* From the guest's page at STAGING by way of the device to @va */
static int send(struct edu_device *edu, struct smmuv3_guest *guest, __u32 seed,
		__u64 va)
{
	fill(guest_page(guest, GUEST_DATA), seed);
	return edu_dma(&edu->engine, EDU_FROM_MEMORY, STAGING, EDU_MEMORY_SIZE) ?:
	       edu_dma(&edu->engine, EDU_TO_MEMORY, va, EDU_MEMORY_SIZE);
}

#define SEND(self, seed, va)	send(&(self)->edu, &(self)->guest, seed, va)

/* Whether that got to a page of the guest's memory */
#define ARRIVED(self, page, seed) \
	is_filled(guest_page(&(self)->guest, page), seed)

#define MAP(self, va, page, flags) \
	guest_set_pte(&(self)->guest, va, guest_ipa(page) | PTE_PAGE | (flags))

static int command(int fd, __u32 hwpt, __u64 cmd_0, __u64 cmd_1)
{
	struct iommu_viommu_arm_smmuv3_invalidate cmd = {
		.cmd = { cmd_0, cmd_1 },
	};
	__u32 num = 1;

	return hwpt_invalidate(fd, hwpt,
			       IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3, &cmd,
			       sizeof(cmd), &num);
}

#define COMMAND(self, cmd_0, cmd_1) \
	command((self)->fd, (self)->hwpt, cmd_0, cmd_1)

TEST_F(nested, dma_goes_through_both_stages)
{
	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 1, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 1));
}

TEST_F(nested, address_without_stage_1_is_out_of_reach)
{
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	fill(guest_page(&self->guest, GUEST_DATA + 1), 2);
	ASSERT_EQ(0, SEND(self, 3, VA));
	/* The guest's physical addresses are not addresses of its devices */
	ASSERT_EQ(0, SEND(self, 3, guest_ipa(GUEST_DATA + 1) & EDU_ADDRESS_LAST));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 2));
}

TEST_F(nested, address_without_stage_2_is_out_of_reach)
{
	void *outside = memory_map(GUEST_PAGE);

	ASSERT_NE(NULL, outside);
	fill(outside, 4);
	/* A physical address that the guest does not have, and one that nobody has */
	guest_set_pte(&self->guest, VA,
		      (GUEST_IPA + GUEST_SIZE) | PTE_PAGE);
	guest_set_pte(&self->guest, VA + GUEST_PAGE,
		      (__u64)(uintptr_t)0x40000000 | PTE_PAGE);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 5, VA));
	ASSERT_EQ(0, SEND(self, 5, VA + GUEST_PAGE));
	EXPECT_TRUE(is_filled(outside, 4));
	/* The device still works */
	MAP(self, VA + 2 * GUEST_PAGE, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, SEND(self, 6, VA + 2 * GUEST_PAGE));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 6));
}

TEST_F(nested, read_only_page_of_stage_1_is_not_written)
{
	MAP(self, VA, GUEST_DATA + 1, PTE_READ_ONLY);
	fill(guest_page(&self->guest, GUEST_DATA + 1), 7);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 8, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 7));
}

/*
 * Change the entry of VA, and give a command. Return 0 if the device used the old
 * one before and the new one after, or else which step went wrong.
 */
static int change_entry(struct _test_data_nested *self, __u64 cmd_0, __u64 cmd_1)
{
	MAP(self, VA, GUEST_DATA + 1, 0);
	if (attach(&self->edu, self->hwpt))
		return 1;
	if (SEND(self, 9, VA) || !ARRIVED(self, GUEST_DATA + 1, 9))
		return 2;
	/* The SMMU has the old one in its TLB */
	MAP(self, VA, GUEST_DATA + 2, 0);
	if (SEND(self, 10, VA) || !ARRIVED(self, GUEST_DATA + 1, 10))
		return 3;
	if (command(self->fd, self->hwpt, cmd_0, cmd_1))
		return 4;
	if (SEND(self, 11, VA) || !ARRIVED(self, GUEST_DATA + 2, 11))
		return 5;
	return ARRIVED(self, GUEST_DATA + 1, 10) ? 0 : 6;
}

TEST_F(nested, changed_entry_is_seen_after_its_address_is_invalidated)
{
	EXPECT_EQ(0, change_entry(self, CMD_TLBI_NH_VA | GUEST_ASID << CMD_ASID,
				  VA | CMD_1_LEAF));
}

TEST_F(nested, changed_entry_is_seen_after_its_address_is_in_all_asids)
{
	EXPECT_EQ(0, change_entry(self, CMD_TLBI_NH_VAA, VA));
}

/* Which VMID a guest names does not matter */
TEST_F(nested, changed_entry_is_seen_after_its_asid_is_invalidated)
{
	EXPECT_EQ(0, change_entry(self, CMD_TLBI_NH_ASID |
				  GUEST_ASID << CMD_ASID | 0x77ULL << 32, 0));
}

TEST_F(nested, changed_entry_is_seen_after_its_vmid_is_invalidated)
{
	EXPECT_EQ(0, change_entry(self, CMD_TLBI_NH_ALL | 0x77ULL << 32, 0));
}

TEST_F(nested, changed_entry_is_seen_after_all_is_invalidated)
{
	EXPECT_EQ(0, change_entry(self, CMD_TLBI_NSNH_ALL, 0));
}

/* The kernel invalidates by what stage 2 takes in: it cannot know the VA */
TEST_F(nested, memory_is_out_of_reach_as_soon_as_the_parent_unmaps_it)
{
	__u64 ipa = GUEST_IPA + GUEST_SIZE;
	void *memory = memory_map(GUEST_PAGE);

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, memory, GUEST_PAGE,
				    ipa));
	guest_set_pte(&self->guest, VA, ipa | PTE_PAGE);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 12, VA));
	ASSERT_TRUE(is_filled(memory, 12));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, ipa, GUEST_PAGE));
	ASSERT_EQ(0, SEND(self, 13, VA));
	EXPECT_TRUE(is_filled(memory, 12));
}

TEST_F(nested, bypass_is_what_the_parent_maps)
{
	void *memory = memory_map(2 * GUEST_PAGE);
	__u32 bypass;

	ASSERT_NE(NULL, memory);
	/* The addresses of the device are those of the parent */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    guest_page(&self->guest, GUEST_DATA),
				    GUEST_PAGE, STAGING));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, memory,
				    2 * GUEST_PAGE, VA));
	ASSERT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, self->parent,
				  STE_0_BYPASS, 0, &bypass));
	ASSERT_EQ(0, attach(&self->edu, bypass));
	ASSERT_EQ(0, SEND(self, 14, VA));
	EXPECT_TRUE(is_filled(memory, 14));
}

TEST_F(nested, abort_lets_nothing_through)
{
	__u32 abort, invalid;

	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, self->parent,
				  STE_0_ABORT, 0, &abort));
	ASSERT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, self->parent,
				  guest_ipa(GUEST_CD_TABLE), 0, &invalid));
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 15, VA));
	ASSERT_TRUE(ARRIVED(self, GUEST_DATA + 1, 15));
	ASSERT_EQ(0, attach(&self->edu, abort));
	ASSERT_EQ(0, SEND(self, 16, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 15));
	ASSERT_EQ(0, attach(&self->edu, invalid));
	ASSERT_EQ(0, SEND(self, 16, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 15));
	/* And back */
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 17, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 17));
}

TEST_F(nested, device_goes_between_all_kinds_of_tables)
{
	__u32 other, plain;
	void *memory = memory_map(GUEST_PAGE);

	ASSERT_NE(NULL, memory);
	guest_set_cd(&self->guest, GUEST_OTHER_CD_TABLE, true);
	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, self->parent,
				  STE_0_STAGE_1 | guest_ipa(GUEST_OTHER_CD_TABLE),
				  STE_1_WBRA_ISH, &other));
	ASSERT_EQ(0, ioas_alloc(self->fd, &plain));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, plain,
				    guest_page(&self->guest, GUEST_DATA),
				    GUEST_PAGE, STAGING));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, plain, memory, GUEST_PAGE, VA));

	ASSERT_EQ(0, attach(&self->edu, plain));
	ASSERT_EQ(0, SEND(self, 18, VA));
	EXPECT_TRUE(is_filled(memory, 18));
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 19, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 19));
	ASSERT_EQ(0, attach(&self->edu, other));
	ASSERT_EQ(0, SEND(self, 20, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 20));
	ASSERT_EQ(0, attach(&self->edu, self->parent));
	ASSERT_EQ(0, SEND(self, 21, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 20));
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 22, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 22));
	ASSERT_EQ(0, attach(&self->edu, plain));
	ASSERT_EQ(0, SEND(self, 23, VA));
	EXPECT_TRUE(is_filled(memory, 23));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 22));
}

TEST_F(nested, invalid_context_descriptor_lets_nothing_through)
{
	MAP(self, VA, GUEST_DATA + 1, 0);
	guest_set_cd(&self->guest, GUEST_CD_TABLE, false);
	fill(guest_page(&self->guest, GUEST_DATA + 1), 24);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 25, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 24));
}

TEST_F(nested, detached_device_reaches_nothing)
{
	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 26, VA));
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	ASSERT_EQ(0, SEND(self, 27, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 26));
}

/* The guest has to map the window in its stage 1 */
TEST_F(nested, interrupt_arrives_through_the_window_of_the_parent)
{
	struct pollfd poller = { .events = POLLIN };
	__u64 count = 0;

	guest_link(&self->guest, GUEST_LEVEL_2, MSI_WINDOW >> 21, GUEST_LEVEL_3);
	guest_set_pte(&self->guest, MSI_WINDOW, MSI_WINDOW | PTE_PAGE);
	poller.fd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, poller.fd);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, poller.fd));
	edu_raise_interrupt(&self->edu.engine);
	ASSERT_EQ(1, poll(&poller, 1, 5000));
	ASSERT_EQ(sizeof(count), read(poller.fd, &count, sizeof(count)));
	EXPECT_EQ(1, count);
	edu_end_interrupt(&self->edu.engine);
	close(poller.fd);
}

TEST_F(nested, illegal_stream_table_entry_is_eio)
{
	static const __u64 illegal[][2] = {
		{ STE_0_STAGE_1 | 1 << 2 },	/* nested in nested */
		{ 1 | 6 << 1 },			/* stage 2 */
		{ STE_0_STAGE_1 | 1ULL << 59 },	/* S1CDMax: no PASIDs here */
		{ STE_0_STAGE_1, 1ULL << 30 },	/* STRW */
		{ STE_0_STAGE_1, 1ULL << 25 },	/* S2FWB */
		{ STE_0_STAGE_1, 2ULL << 28 },	/* EATS */
		{ STE_0_BYPASS, 1ULL << 44 },	/* SHCFG */
	};
	__u32 hwpt;

	for (size_t i = 0; i < ARRAY_SIZE(illegal); i++)
		EXPECT_EQ(-EIO, nested_alloc(self->fd, self->edu.dev_id,
					     self->parent, illegal[i][0],
					     illegal[i][1], &hwpt));
}

TEST_F(nested, parent_must_be_one)
{
	__u32 table, hwpt;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas, 0,
				&table));
	EXPECT_EQ(-EINVAL, nested_alloc(self->fd, self->edu.dev_id, table,
					STE_0_BYPASS, 0, &hwpt));
}

TEST_F(nested, illegal_command_is_eio_and_those_before_are_done)
{
	struct iommu_viommu_arm_smmuv3_invalidate cmds[] = {
		{ .cmd = { CMD_TLBI_NH_ALL } },
		{ .cmd = { CMD_TLBI_NH_ASID | GUEST_ASID << CMD_ASID } },
		{ .cmd = { CMD_TLBI_EL2_ALL } },
		{ .cmd = { CMD_TLBI_NH_ALL } },
	};
	__u32 num = 4;

	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 28, VA));
	MAP(self, VA, GUEST_DATA + 2, 0);
	EXPECT_EQ(-EIO, hwpt_invalidate(self->fd, self->hwpt,
					IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
					cmds, sizeof(cmds[0]), &num));
	EXPECT_EQ(2, num);
	ASSERT_EQ(0, SEND(self, 29, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 2, 29));

	EXPECT_EQ(-EIO, COMMAND(self, CMD_SYNC, 0));
	EXPECT_EQ(-EIO, COMMAND(self, CMD_TLBI_NH_ALL, 1));
	/* ATS is not in this SMMU */
	EXPECT_EQ(-EIO, COMMAND(self, 0x40, 0));
}

/* More than fit in one batch */
TEST_F(nested, many_commands_are_done_at_once)
{
	static struct iommu_viommu_arm_smmuv3_invalidate cmds[1000];
	__u32 num = 1000;

	for (int i = 0; i < 1000; i++) {
		cmds[i].cmd[0] = CMD_TLBI_NH_VA | GUEST_ASID << CMD_ASID;
		cmds[i].cmd[1] = i == 999 ? VA : VA + (i + 1) * GUEST_PAGE;
	}
	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, attach(&self->edu, self->hwpt));
	ASSERT_EQ(0, SEND(self, 30, VA));
	MAP(self, VA, GUEST_DATA + 2, 0);
	ASSERT_EQ(0, hwpt_invalidate(self->fd, self->hwpt,
				     IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
				     cmds, sizeof(cmds[0]), &num));
	EXPECT_EQ(1000, num);
	ASSERT_EQ(0, SEND(self, 31, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 2, 31));
}

/*
 * By format and cookie
 */

static int get_format(int fd, struct iommu_format_info *format)
{
	struct iommu_format_info formats[4] = {};
	struct iommu_device_get_info cmd = {
		.size = sizeof(cmd),
		.dev_cookie = COOKIE,
		.format_len = sizeof(formats[0]),
		.num_formats = ARRAY_SIZE(formats),
		.formats = (uintptr_t)formats,
	};
	int rc = iommu_ioctl(fd, IOMMU_DEVICE_GET_INFO, &cmd);

	/* There is no room for ranges */
	if (rc && rc != -EMSGSIZE)
		return rc;
	for (__u32 i = 0; i < cmd.num_formats; i++) {
		if (formats[i].format != IOMMU_HWPT_DATA_ARM_SMMUV3)
			continue;
		*format = formats[i];
		return 0;
	}
	return -ENOENT;
}

static int ioasid_alloc(int fd, __u32 parent, __u64 ste_0, __u64 ste_1,
			__u32 *ioasid)
{
	struct iommu_hwpt_arm_smmuv3 data = { .ste = { ste_0, ste_1 } };
	__u64 cookie = COOKIE;
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.format = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.parent_id = parent,
		.cookies = (uintptr_t)&cookie,
		.num_cookies = 1,
		.data_len = sizeof(data),
		.data = (uintptr_t)&data,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOASID_ALLOC, &cmd);

	*ioasid = cmd.out_ioasid;
	if (!rc && cmd.out_nesting != IOMMU_IOASID_HW_NESTED)
		return -EINVAL;
	return rc;
}

static int device_command(int fd, __u32 ioasid, __u64 cmd_0, __u64 cmd_1)
{
	struct iommu_viommu_arm_smmuv3_invalidate entry = {
		.cmd = { cmd_0, cmd_1 },
	};
	struct iommu_ioasid_invalidate cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOASID_INVALIDATE_DEVICE,
		.ioasid = ioasid,
		.data_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.dev_cookie = COOKIE,
		.entries = (uintptr_t)&entry,
		.entry_len = sizeof(entry),
		.num_entries = 1,
	};

	return iommu_ioctl(fd, IOMMU_IOASID_INVALIDATE, &cmd);
}

TEST_F(smmu, tells_its_format_only_with_both_stages)
{
	bool both = (self->info.idr[0] & IDR0_BOTH) == IDR0_BOTH;
	struct iommu_format_info format;

	ASSERT_EQ(both ? 0 : -ENOENT, get_format(self->fd, &format));
	if (!both)
		return;
	EXPECT_EQ(IOMMU_FORMAT_HW_NESTING | IOMMU_FORMAT_PASID_TABLE |
		  IOMMU_FORMAT_NONCOHERENT, format.flags);
	EXPECT_EQ(sizeof(struct iommu_hwpt_arm_smmuv3), format.data_len);
	EXPECT_EQ(IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		  format.invalidate_type);
	EXPECT_EQ(sizeof(struct iommu_viommu_arm_smmuv3_invalidate),
		  format.invalidate_len);
	EXPECT_LE(48, format.addr_width);
	EXPECT_TRUE(format.pgsizes & GUEST_PAGE);

	ASSERT_EQ(0, allow_noncoherent("N"));
	EXPECT_EQ(0, get_format(self->fd, &format));
	EXPECT_TRUE(format.flags & IOMMU_FORMAT_REFUSED);
	ASSERT_EQ(0, allow_noncoherent("Y"));
}

TEST_F(nested, ioasid_of_the_format_carries_dma)
{
	__u32 ioasid;

	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, ioasid_alloc(self->fd, self->ioas,
				  STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE),
				  STE_1_WBRA_ISH, &ioasid));
	ASSERT_EQ(0, attach(&self->edu, ioasid));
	ASSERT_EQ(0, SEND(self, 32, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 32));
	EXPECT_EQ(-EIO, ioasid_alloc(self->fd, self->ioas, STE_0_STAGE_1,
				     1ULL << 63, &ioasid));
}

/* The SMMU keeps the descriptor until it is told, for the device, to drop it */
TEST_F(nested, changed_context_descriptor_is_seen_after_its_invalidation)
{
	static const __u64 cmds[] = { CMD_CFGI_CD, CMD_CFGI_CD_ALL };

	MAP(self, VA, GUEST_DATA + 1, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		guest_set_cd(&self->guest, GUEST_CD_TABLE, true);
		ASSERT_EQ(0, attach(&self->edu, self->ioas));
		ASSERT_EQ(0, attach(&self->edu, self->hwpt));
		ASSERT_EQ(0, SEND(self, 33 + i, VA));
		ASSERT_TRUE(ARRIVED(self, GUEST_DATA + 1, 33 + i));
		guest_set_cd(&self->guest, GUEST_CD_TABLE, false);
		ASSERT_EQ(0, SEND(self, 43 + i, VA));
		EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 43 + i));
		/* The StreamID means nothing */
		ASSERT_EQ(0, device_command(self->fd, self->hwpt,
					    cmds[i] | 0xdeadULL << 32, 0));
		ASSERT_EQ(0, SEND(self, 53 + i, VA));
		EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 43 + i));
	}
}

TEST_F(nested, command_for_a_stream_needs_a_device)
{
	EXPECT_EQ(-EINVAL, COMMAND(self, CMD_CFGI_CD, 0));
	EXPECT_EQ(-EINVAL, COMMAND(self, CMD_CFGI_CD_ALL, 0));
	EXPECT_EQ(0, device_command(self->fd, self->hwpt, CMD_CFGI_CD_ALL, 0));
	EXPECT_EQ(0, device_command(self->fd, self->hwpt, CMD_TLBI_NH_ALL, 0));
}

/*
 * By a vIOMMU, in which a guest has names for its devices
 */

#define GUEST_SID	0x1234ULL

TEST_F(smmu, has_viommus_only_with_both_stages)
{
	bool both = (self->info.idr[0] & IDR0_BOTH) == IDR0_BOTH;
	__u32 parent, viommu;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas,
				both ? IOMMU_HWPT_ALLOC_NEST_PARENT : 0,
				&parent));
	/* Without, there is nothing that could be its parent */
	EXPECT_EQ(both ? 0 : -EINVAL,
		  viommu_alloc(self->fd, self->edu.dev_id, parent,
			       IOMMU_VIOMMU_TYPE_ARM_SMMUV3, &viommu));
}

TEST_F(nested, device_needs_a_name_in_the_viommu)
{
	__u32 viommu, vdevice, hwpt;

	ASSERT_EQ(0, viommu_alloc(self->fd, self->edu.dev_id, self->parent,
				  IOMMU_VIOMMU_TYPE_ARM_SMMUV3, &viommu));
	ASSERT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, viommu,
				  STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE),
				  STE_1_WBRA_ISH, &hwpt));
	EXPECT_EQ(-ENOENT, attach(&self->edu, hwpt));
	/* A StreamID has 32 bits */
	EXPECT_EQ(-EINVAL, vdevice_alloc(self->fd, viommu, self->edu.dev_id,
					 1ULL << 32, &vdevice));
	ASSERT_EQ(0, vdevice_alloc(self->fd, viommu, self->edu.dev_id,
				   UINT32_MAX, &vdevice));
	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, attach(&self->edu, hwpt));
	ASSERT_EQ(0, SEND(self, 60, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 60));
}

TEST_F(nested, viommu_drops_a_context_descriptor_by_the_name_of_the_device)
{
	__u32 viommu, vdevice, hwpt;

	ASSERT_EQ(0, viommu_alloc(self->fd, self->edu.dev_id, self->parent,
				  IOMMU_VIOMMU_TYPE_ARM_SMMUV3, &viommu));
	ASSERT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, viommu,
				  STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE),
				  STE_1_WBRA_ISH, &hwpt));
	ASSERT_EQ(0, vdevice_alloc(self->fd, viommu, self->edu.dev_id,
				   GUEST_SID, &vdevice));
	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, attach(&self->edu, hwpt));
	ASSERT_EQ(0, SEND(self, 61, VA));
	ASSERT_TRUE(ARRIVED(self, GUEST_DATA + 1, 61));

	guest_set_cd(&self->guest, GUEST_CD_TABLE, false);
	EXPECT_EQ(-EIO, command(self->fd, viommu,
				CMD_CFGI_CD | (GUEST_SID + 1) << 32, 0));
	ASSERT_EQ(0, SEND(self, 62, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 62));
	EXPECT_EQ(0, command(self->fd, viommu,
			     CMD_CFGI_CD | GUEST_SID << 32, 0));
	ASSERT_EQ(0, SEND(self, 63, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 1, 62));
}

TEST_F(nested, viommu_drops_translations_of_its_tables)
{
	__u32 viommu, vdevice, hwpt;

	ASSERT_EQ(0, viommu_alloc(self->fd, self->edu.dev_id, self->parent,
				  IOMMU_VIOMMU_TYPE_ARM_SMMUV3, &viommu));
	ASSERT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, viommu,
				  STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE),
				  STE_1_WBRA_ISH, &hwpt));
	ASSERT_EQ(0, vdevice_alloc(self->fd, viommu, self->edu.dev_id,
				   GUEST_SID, &vdevice));
	MAP(self, VA, GUEST_DATA + 1, 0);
	ASSERT_EQ(0, attach(&self->edu, hwpt));
	ASSERT_EQ(0, SEND(self, 64, VA));
	MAP(self, VA, GUEST_DATA + 2, 0);
	ASSERT_EQ(0, command(self->fd, viommu, CMD_TLBI_NSNH_ALL, 0));
	ASSERT_EQ(0, SEND(self, 65, VA));
	EXPECT_TRUE(ARRIVED(self, GUEST_DATA + 2, 65));
}

/*
 * Events: a guest gets those of its own tables
 */

#define EVENT_BAD_CD		0x0a
#define EVENT_TRANSLATION	0x10
#define EVENT_ADDR_SIZE		0x11
#define EVENT_ACCESS		0x12
#define EVENT_PERMISSION	0x13
#define EVENT_1_RNW		BIT_ULL(35)
#define EVENT_1_S2		BIT_ULL(39)

struct guest_event {
	struct iommufd_vevent_header header;
	struct iommu_vevent_arm_smmuv3 event;
};

/* A vIOMMU with EDU0, attached there, and the descriptor of its queue of events */
static int attach_with_events(struct _test_data_nested *self)
{
	__u32 viommu, vdevice, hwpt, queue;

	if (viommu_alloc(self->fd, self->edu.dev_id, self->parent,
			 IOMMU_VIOMMU_TYPE_ARM_SMMUV3, &viommu) ||
	    nested_alloc(self->fd, self->edu.dev_id, viommu,
			 STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE),
			 STE_1_WBRA_ISH, &hwpt) ||
	    vdevice_alloc(self->fd, viommu, self->edu.dev_id, GUEST_SID,
			  &vdevice) ||
	    attach(&self->edu, hwpt))
		return -1;
	return veventq_alloc(self->fd, viommu, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
			     64, &queue);
}

static int next_event(int queue, struct guest_event *event)
{
	struct pollfd poller = { .fd = queue, .events = POLLIN };

	memset(event, 0, sizeof(*event));
	if (poll(&poller, 1, 2000) != 1)
		return -ETIMEDOUT;
	return read(queue, event, sizeof(*event)) == sizeof(*event) ? 0 : -EIO;
}

/* What kind of event there is, of this guest's device, when it writes to VA */
static int event_of_write(struct _test_data_nested *self, struct guest_event *event)
{
	int queue = attach_with_events(self);
	int rc;

	if (queue < 0)
		return queue;
	if (edu_dma(&self->edu.engine, EDU_TO_MEMORY, VA, 64))
		return -1;
	rc = next_event(queue, event);
	close(queue);
	if (rc)
		return rc;
	if (event->header.flags || event->header.sequence ||
	    event->event.evt[0] >> 32 != GUEST_SID)
		return -1;
	return event->event.evt[0] & 0xff;
}

TEST_F(nested, guest_is_told_of_a_missing_translation)
{
	struct guest_event event;

	ASSERT_EQ(EVENT_TRANSLATION, event_of_write(self, &event));
	EXPECT_EQ(VA, event.event.evt[2] & ~(GUEST_PAGE - 1));
	EXPECT_EQ(0, event.event.evt[1] & (EVENT_1_S2 | EVENT_1_RNW));
}

TEST_F(nested, guest_is_told_of_a_write_that_is_not_permitted)
{
	struct guest_event event;

	MAP(self, VA, GUEST_DATA + 1, PTE_READ_ONLY);
	ASSERT_EQ(EVENT_PERMISSION, event_of_write(self, &event));
	EXPECT_EQ(VA, event.event.evt[2] & ~(GUEST_PAGE - 1));
	EXPECT_EQ(0, event.event.evt[1] & (EVENT_1_S2 | EVENT_1_RNW));
}

TEST_F(nested, guest_is_told_of_a_page_that_is_not_marked_accessed)
{
	struct guest_event event;

	guest_set_pte(&self->guest, VA, (guest_ipa(GUEST_DATA + 1) | PTE_PAGE) &
					~PTE_ACCESSED);
	ASSERT_EQ(EVENT_ACCESS, event_of_write(self, &event));
	EXPECT_EQ(VA, event.event.evt[2] & ~(GUEST_PAGE - 1));
}

TEST_F(nested, guest_is_told_of_an_output_address_that_is_too_long)
{
	struct guest_event event;

	guest_set_pte(&self->guest, VA, BIT_ULL(47) | PTE_PAGE);
	ASSERT_EQ(EVENT_ADDR_SIZE, event_of_write(self, &event));
	EXPECT_EQ(VA, event.event.evt[2] & ~(GUEST_PAGE - 1));
}

TEST_F(nested, guest_is_told_of_an_invalid_context_descriptor)
{
	struct guest_event event;

	guest_set_cd(&self->guest, GUEST_CD_TABLE, false);
	EXPECT_EQ(EVENT_BAD_CD, event_of_write(self, &event));
}

/* It is not the guest's affair that its host does not have the memory */
TEST_F(nested, guest_is_not_told_of_stage_2)
{
	struct guest_event event;

	guest_set_pte(&self->guest, VA, (GUEST_IPA + GUEST_SIZE) | PTE_PAGE);
	EXPECT_EQ(-ETIMEDOUT, event_of_write(self, &event));
}

/*
 * Faults of any table, with the cookie of the device, for who wants them
 */

#define FAULT_FLAGS \
	(IOMMU_DEVICE_FAULT_HAS_COOKIE | IOMMU_DEVICE_FAULT_UNRECOVERABLE)

/* The next fault. One DMA makes many: what comes soon after is dropped */
static int next_fault(int queue, struct iommu_device_fault *fault)
{
	struct pollfd poller = { .fd = queue, .events = POLLIN };
	struct iommu_device_fault more[64];

	memset(fault, 0, sizeof(*fault));
	if (poll(&poller, 1, 500) != 1)
		return -ETIMEDOUT;
	if (read(queue, fault, sizeof(*fault)) != sizeof(*fault))
		return -EIO;
	while (poll(&poller, 1, 100) == 1)
		if (read(queue, more, sizeof(more)) <= 0)
			return -EIO;
	return 0;
}

TEST_F(smmu, aborted_dma_is_told_on_the_fault_queue)
{
	struct iommu_device_fault fault;
	__u32 queue_id, hwpt;
	int queue;

	queue = fault_queue_alloc(self->fd, IOMMU_FAULT_QUEUE_COOKIE, &queue_id);
	ASSERT_LE(0, queue);
	ASSERT_EQ(0, hwpt_alloc_fault(self->fd, self->edu.dev_id, self->ioas, 0,
				      IOMMU_HWPT_DATA_NONE, NULL, 0, queue_id,
				      &hwpt));
	ASSERT_EQ(0, attach(&self->edu, hwpt));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, VA, 64));
	ASSERT_EQ(0, next_fault(queue, &fault));
	EXPECT_EQ(FAULT_FLAGS | IOMMU_DEVICE_FAULT_ADDR_VALID, fault.flags);
	EXPECT_EQ(COOKIE, fault.dev_cookie);
	EXPECT_EQ(IOMMU_DEVICE_FAULT_NOT_MAPPED, fault.reason);
	EXPECT_EQ(self->edu.dev_id, fault.request.dev_id);
	EXPECT_EQ(VA, fault.request.addr & ~(GUEST_PAGE - 1));
	EXPECT_EQ(IOMMU_PGFAULT_PERM_WRITE, fault.request.perm);

	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, STAGING, 64));
	ASSERT_EQ(0, next_fault(queue, &fault));
	EXPECT_EQ(STAGING, fault.request.addr & ~(GUEST_PAGE - 1));
	EXPECT_EQ(IOMMU_PGFAULT_PERM_READ, fault.request.perm);

	ASSERT_EQ(0, edu_device_detach(&self->edu));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, VA, 64));
	EXPECT_EQ(-ETIMEDOUT, next_fault(queue, &fault));
	close(queue);
}

TEST_F(smmu, write_to_what_can_only_be_read_is_told)
{
	struct iommu_device_fault fault;
	__u32 queue_id, hwpt;
	__u64 iova = VA;
	void *page = memory_map(GUEST_PAGE);
	int queue;

	ASSERT_NE(NULL, page);
	queue = fault_queue_alloc(self->fd, IOMMU_FAULT_QUEUE_COOKIE, &queue_id);
	ASSERT_LE(0, queue);
	ASSERT_EQ(0, hwpt_alloc_fault(self->fd, self->edu.dev_id, self->ioas, 0,
				      IOMMU_HWPT_DATA_NONE, NULL, 0, queue_id,
				      &hwpt));
	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, page, GUEST_PAGE, &iova,
				    IOMMU_IOAS_MAP_READABLE |
				    IOMMU_IOAS_MAP_FIXED_IOVA));
	ASSERT_EQ(0, attach(&self->edu, hwpt));
	/*
	 * The write comes first: QEMU 10 takes a write that a cached
	 * translation of stage 2 forbids for a fault of stage 1, which nobody
	 * asked for.
	 */
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, VA, 64));
	ASSERT_EQ(0, next_fault(queue, &fault));
	EXPECT_EQ(IOMMU_DEVICE_FAULT_PERMISSION, fault.reason);
	EXPECT_EQ(VA, fault.request.addr & ~(GUEST_PAGE - 1));
	EXPECT_EQ(IOMMU_PGFAULT_PERM_WRITE, fault.request.perm);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, VA, 64));
	EXPECT_EQ(-ETIMEDOUT, next_fault(queue, &fault));
	close(queue);
}

/* Who asks for page requests only gets nothing else */
TEST_F(smmu, aborted_dma_is_not_told_without_the_flag)
{
	struct pollfd poller = { .events = POLLIN };
	__u32 queue_id, hwpt;

	poller.fd = fault_queue_alloc(self->fd, 0, &queue_id);
	ASSERT_LE(0, poller.fd);
	ASSERT_EQ(0, hwpt_alloc_fault(self->fd, self->edu.dev_id, self->ioas, 0,
				      IOMMU_HWPT_DATA_NONE, NULL, 0, queue_id,
				      &hwpt));
	ASSERT_EQ(0, attach(&self->edu, hwpt));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, VA, 64));
	EXPECT_EQ(0, poll(&poller, 1, 500));
	close(poller.fd);
}

/* The guest's stage 1 with a queue, made by cookie. Returns its descriptor */
static int attach_with_faults(struct _test_data_nested *self)
{
	struct iommu_hwpt_arm_smmuv3 data = {
		.ste = { STE_0_STAGE_1 | guest_ipa(GUEST_CD_TABLE),
			 STE_1_WBRA_ISH },
	};
	__u64 cookie = COOKIE;
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOASID_ALLOC_FAULT_QUEUE,
		.format = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.parent_id = self->ioas,
		.cookies = (uintptr_t)&cookie,
		.num_cookies = 1,
		.data_len = sizeof(data),
		.data = (uintptr_t)&data,
	};
	int queue = fault_queue_alloc(self->fd, IOMMU_FAULT_QUEUE_COOKIE,
				      &cmd.fault_id);

	if (queue < 0)
		return queue;
	return iommu_ioctl(self->fd, IOMMU_IOASID_ALLOC, &cmd) ?:
	       attach(&self->edu, cmd.out_ioasid) ?: queue;
}

static int fault_of_write(struct _test_data_nested *self,
			  struct iommu_device_fault *fault)
{
	int queue = attach_with_faults(self);
	int rc;

	if (queue < 0)
		return queue;
	rc = edu_dma(&self->edu.engine, EDU_TO_MEMORY, VA, 64) ?:
	     next_fault(queue, fault);
	close(queue);
	return rc;
}

TEST_F(nested, fault_of_stage_1_is_told_by_cookie)
{
	struct iommu_device_fault fault;

	MAP(self, VA, GUEST_DATA + 1, PTE_READ_ONLY);
	ASSERT_EQ(0, fault_of_write(self, &fault));
	EXPECT_EQ(FAULT_FLAGS | IOMMU_DEVICE_FAULT_ADDR_VALID, fault.flags);
	EXPECT_EQ(COOKIE, fault.dev_cookie);
	EXPECT_EQ(IOMMU_DEVICE_FAULT_PERMISSION, fault.reason);
	EXPECT_EQ(VA, fault.request.addr & ~(GUEST_PAGE - 1));
	EXPECT_EQ(IOMMU_PGFAULT_PERM_WRITE, fault.request.perm);
}

TEST_F(nested, fault_of_stage_2_is_told_by_cookie)
{
	struct iommu_device_fault fault;

	guest_set_pte(&self->guest, VA, (GUEST_IPA + GUEST_SIZE) | PTE_PAGE);
	ASSERT_EQ(0, fault_of_write(self, &fault));
	EXPECT_EQ(FAULT_FLAGS | IOMMU_DEVICE_FAULT_ADDR_VALID, fault.flags);
	EXPECT_EQ(COOKIE, fault.dev_cookie);
	EXPECT_EQ(IOMMU_DEVICE_FAULT_NOT_MAPPED, fault.reason);
	EXPECT_EQ(VA, fault.request.addr & ~(GUEST_PAGE - 1));
	EXPECT_EQ(IOMMU_PGFAULT_PERM_WRITE, fault.request.perm);
}

TEST_F(nested, invalid_context_descriptor_is_told_by_cookie)
{
	struct iommu_device_fault fault;

	guest_set_cd(&self->guest, GUEST_CD_TABLE, false);
	ASSERT_EQ(0, fault_of_write(self, &fault));
	EXPECT_EQ(FAULT_FLAGS, fault.flags);
	EXPECT_EQ(COOKIE, fault.dev_cookie);
	EXPECT_EQ(IOMMU_DEVICE_FAULT_BAD_PASID_ENTRY, fault.reason);
}

/* QEMU's SMMU has neither S2FWB nor, with a device tree, CANWBS */
TEST_F(nested, stage_1_that_can_bypass_caches_needs_the_parameter)
{
	__u32 hwpt;

	ASSERT_EQ(0, allow_noncoherent("N"));
	EXPECT_EQ(-EPERM, nested_alloc(self->fd, self->edu.dev_id, self->parent,
				       STE_0_BYPASS, 0, &hwpt));
	ASSERT_EQ(0, allow_noncoherent("Y"));
	EXPECT_EQ(0, nested_alloc(self->fd, self->edu.dev_id, self->parent,
				  STE_0_BYPASS, 0, &hwpt));
}

TEST_HARNESS_MAIN
