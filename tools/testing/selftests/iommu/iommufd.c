// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of /dev/iommu that need no device: the rules that all commands
 * share, the objects, and the map of an I/O address space.
 */
#include <grp.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "iommu_ioctl.h"
#include "harness.h"

#define NOBODY	65534

#define HWPT_FLAGS							\
	(IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_PASID |	\
	 IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMU_HWPT_FAULT_ID_VALID)

static long page_size;
static __u8 *buffer;

#define BUFFER_PAGES	16

static void __attribute__((constructor)) setup_buffer(void)
{
	page_size = sysconf(_SC_PAGESIZE);
	buffer = memory_map(BUFFER_PAGES * page_size);
}

/*
 * The descriptor
 */

TEST(misc_device_is_named_iommu)
{
	unsigned int maj, min;
	struct stat st;
	FILE *f;

	ASSERT_EQ(0, stat("/dev/iommu", &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	f = fopen("/sys/class/misc/iommu/dev", "r");
	ASSERT_NE(NULL, f);
	ASSERT_EQ(2, fscanf(f, "%u:%u", &maj, &min));
	fclose(f);
	EXPECT_EQ(10, maj);
	EXPECT_EQ(maj, major(st.st_rdev));
	EXPECT_EQ(min, minor(st.st_rdev));
}

TEST(device_node_is_for_owner_and_group_only)
{
	struct stat st;

	ASSERT_EQ(0, stat("/dev/iommu", &st));
	EXPECT_EQ(0660, st.st_mode & 0777);
	EXPECT_EQ(0, st.st_uid);
}

TEST(two_descriptors_have_objects_of_their_own)
{
	__u32 ioas[2], third;
	int fd[2];

	fd[0] = iommu_open();
	fd[1] = iommu_open();
	ASSERT_LE(0, fd[0]);
	ASSERT_LE(0, fd[1]);
	ASSERT_EQ(0, ioas_alloc(fd[0], &ioas[0]));
	ASSERT_EQ(0, ioas_alloc(fd[1], &ioas[1]));
	ASSERT_EQ(0, ioas_alloc(fd[0], &third));
	ASSERT_EQ(0, ioas_map_fixed(fd[0], ioas[0], buffer, page_size, 0));
	ASSERT_EQ(0, ioas_map_fixed(fd[1], ioas[1], buffer, page_size, 0));
	EXPECT_EQ(0, ioas_unmap(fd[0], ioas[0], 0, page_size));
	EXPECT_EQ(0, ioas_unmap(fd[1], ioas[1], 0, page_size));
	EXPECT_EQ(-ENOENT, iommu_destroy(fd[1], third));
	EXPECT_EQ(0, iommu_destroy(fd[0], third));
	close(fd[0]);
	EXPECT_EQ(0, iommu_destroy(fd[1], ioas[1]));
	close(fd[1]);
}

TEST(descriptor_outlives_the_process_that_opened_it)
{
	int fd = iommu_open(), status;
	__u32 ioas;
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = fork();
	if (!pid) {
		if (ioas_alloc(fd, &ioas) ||
		    ioas_map_fixed(fd, ioas, buffer, page_size, 0))
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(0, ioas_alloc(fd, &ioas));
	EXPECT_EQ(0, ioas_map_fixed(fd, ioas, buffer, page_size, 0));
	EXPECT_EQ(0, close(fd));
}

/*
 * Rules of every command. All structs here are zero but for their size, and a
 * byte where that would be invalid; what a command answers is its own affair,
 * only it must not change with a longer struct.
 */

FIXTURE(command)
{
	int fd;
	__u8 buf[256];
};

FIXTURE_VARIANT(command)
{
	unsigned long cmd;
	__u32 min;
	__u32 size;
	/* a byte that is set where zeros alone are as invalid as a bad size */
	size_t set;
};

FIXTURE_VARIANT_ADD(command, destroy)
{
	.cmd = IOMMU_DESTROY,
	.min = 8,
	.size = sizeof(struct iommu_destroy),
};

FIXTURE_VARIANT_ADD(command, ioas_alloc)
{
	.cmd = IOMMU_IOAS_ALLOC,
	.min = 12,
	.size = sizeof(struct iommu_ioas_alloc),
};

FIXTURE_VARIANT_ADD(command, ioas_allow_iovas)
{
	.cmd = IOMMU_IOAS_ALLOW_IOVAS,
	.min = 24,
	.size = sizeof(struct iommu_ioas_allow_iovas),
};

FIXTURE_VARIANT_ADD(command, ioas_copy)
{
	.cmd = IOMMU_IOAS_COPY,
	.min = 40,
	.size = sizeof(struct iommu_ioas_copy),
	.set = offsetof(struct iommu_ioas_copy, flags),
};

FIXTURE_VARIANT_ADD(command, ioas_iova_ranges)
{
	.cmd = IOMMU_IOAS_IOVA_RANGES,
	.min = 32,
	.size = sizeof(struct iommu_ioas_iova_ranges),
};

FIXTURE_VARIANT_ADD(command, ioas_map)
{
	.cmd = IOMMU_IOAS_MAP,
	.min = 40,
	.size = sizeof(struct iommu_ioas_map),
	.set = offsetof(struct iommu_ioas_map, flags),
};

FIXTURE_VARIANT_ADD(command, ioas_map_file)
{
	.cmd = IOMMU_IOAS_MAP_FILE,
	.min = 40,
	.size = sizeof(struct iommu_ioas_map_file),
	.set = offsetof(struct iommu_ioas_map_file, flags),
};

FIXTURE_VARIANT_ADD(command, ioas_change_process)
{
	.cmd = IOMMU_IOAS_CHANGE_PROCESS,
	.min = 8,
	.size = sizeof(struct iommu_ioas_change_process),
};

FIXTURE_VARIANT_ADD(command, ioas_unmap)
{
	.cmd = IOMMU_IOAS_UNMAP,
	.min = 24,
	.size = sizeof(struct iommu_ioas_unmap),
	.set = offsetof(struct iommu_ioas_unmap, length),
};

FIXTURE_VARIANT_ADD(command, option)
{
	.cmd = IOMMU_OPTION,
	.min = 24,
	.size = sizeof(struct iommu_option),
};

FIXTURE_VARIANT_ADD(command, vfio_ioas)
{
	.cmd = IOMMU_VFIO_IOAS,
	.min = 12,
	.size = sizeof(struct iommu_vfio_ioas),
};

FIXTURE_VARIANT_ADD(command, hwpt_alloc)
{
	.cmd = IOMMU_HWPT_ALLOC,
	.min = 24,
	.size = sizeof(struct iommu_hwpt_alloc),
};

FIXTURE_VARIANT_ADD(command, hwpt_set_dirty_tracking)
{
	.cmd = IOMMU_HWPT_SET_DIRTY_TRACKING,
	.min = 16,
	.size = sizeof(struct iommu_hwpt_set_dirty_tracking),
};

FIXTURE_VARIANT_ADD(command, hwpt_get_dirty_bitmap)
{
	.cmd = IOMMU_HWPT_GET_DIRTY_BITMAP,
	.min = 48,
	.size = sizeof(struct iommu_hwpt_get_dirty_bitmap),
};

FIXTURE_VARIANT_ADD(command, hwpt_invalidate)
{
	.cmd = IOMMU_HWPT_INVALIDATE,
	.min = 32,
	.size = sizeof(struct iommu_hwpt_invalidate),
};

FIXTURE_VARIANT_ADD(command, get_hw_info)
{
	.cmd = IOMMU_GET_HW_INFO,
	.min = 32,
	.size = sizeof(struct iommu_hw_info),
};

FIXTURE_VARIANT_ADD(command, device_get_info)
{
	.cmd = IOMMU_DEVICE_GET_INFO,
	.min = 64,
	.size = sizeof(struct iommu_device_get_info),
	.set = offsetof(struct iommu_device_get_info, flags),
};

FIXTURE_VARIANT_ADD(command, fault_queue_alloc)
{
	.cmd = IOMMU_FAULT_QUEUE_ALLOC,
	.min = 16,
	.size = sizeof(struct iommu_fault_alloc),
};

FIXTURE_VARIANT_ADD(command, viommu_alloc)
{
	.cmd = IOMMU_VIOMMU_ALLOC,
	.min = 24,
	.size = sizeof(struct iommu_viommu_alloc),
};

FIXTURE_VARIANT_ADD(command, vdevice_alloc)
{
	.cmd = IOMMU_VDEVICE_ALLOC,
	.min = 24,
	.size = sizeof(struct iommu_vdevice_alloc),
};

FIXTURE_VARIANT_ADD(command, veventq_alloc)
{
	.cmd = IOMMU_VEVENTQ_ALLOC,
	.min = 28,
	.size = sizeof(struct iommu_veventq_alloc),
};

FIXTURE_VARIANT_ADD(command, ioasid_alloc)
{
	.cmd = IOMMU_IOASID_ALLOC,
	.min = 56,
	.size = sizeof(struct iommu_ioasid_alloc),
};

FIXTURE_VARIANT_ADD(command, ioasid_invalidate)
{
	.cmd = IOMMU_IOASID_INVALIDATE,
	.min = 40,
	.size = sizeof(struct iommu_ioasid_invalidate),
};

FIXTURE_VARIANT_ADD(command, memory_register)
{
	.cmd = IOMMU_MEMORY_REGISTER,
	.min = 32,
	.size = sizeof(struct iommu_memory_register),
	.set = offsetof(struct iommu_memory_register, flags),
};

FIXTURE_SETUP(command)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	self->buf[variant->set] = 0x80;
}

FIXTURE_TEARDOWN(command)
{
	close(self->fd);
}

static int send_command(int fd, unsigned long cmd, __u8 *buf, __u32 size)
{
	memcpy(buf, &size, sizeof(size));
	return iommu_ioctl(fd, cmd, buf);
}

TEST_F(command, shorter_than_the_first_published_size_is_invalid)
{
	EXPECT_EQ(-EINVAL, send_command(self->fd, variant->cmd, self->buf,
					variant->min - 1));
	EXPECT_EQ(-EINVAL, send_command(self->fd, variant->cmd, self->buf, 0));
}

TEST_F(command, unknown_nonzero_tail_is_too_big)
{
	self->buf[variant->size] = 1;
	EXPECT_EQ(-E2BIG, send_command(self->fd, variant->cmd, self->buf,
				       variant->size + 1));
}

TEST_F(command, unknown_zero_tail_changes_nothing)
{
	__u8 longer[sizeof(self->buf)];
	int rc;

	memcpy(longer, self->buf, sizeof(longer));
	rc = send_command(self->fd, variant->cmd, self->buf, variant->size);
	EXPECT_NE(-EINVAL, rc);
	EXPECT_EQ(rc, send_command(self->fd, variant->cmd, longer,
				   variant->size + 1));
	EXPECT_EQ(0, longer[variant->size]);
}

TEST_F(command, size_of_the_first_version_is_accepted)
{
	__u8 shorter[sizeof(self->buf)];
	int rc;

	memcpy(shorter, self->buf, sizeof(shorter));
	rc = send_command(self->fd, variant->cmd, self->buf, variant->size);
	EXPECT_NE(-EINVAL, rc);
	EXPECT_EQ(rc, send_command(self->fd, variant->cmd, shorter,
				   variant->min));
}

TEST_F(command, unreadable_argument_faults)
{
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, variant->cmd, NULL));
}

/* Members that must be zero, and flags of which some are unknown */

FIXTURE(reserved)
{
	int fd;
};

FIXTURE_VARIANT(reserved)
{
	unsigned long cmd;
	__u32 size;
	size_t offset;
	/* of the member, in bytes; 0: 4 */
	size_t width;
	/* bits that are known */
	__u32 known;
};

FIXTURE_VARIANT_ADD(reserved, ioas_alloc_flags)
{
	.cmd = IOMMU_IOAS_ALLOC,
	.size = sizeof(struct iommu_ioas_alloc),
	.offset = offsetof(struct iommu_ioas_alloc, flags),
};

FIXTURE_VARIANT_ADD(reserved, ioas_allow_iovas)
{
	.cmd = IOMMU_IOAS_ALLOW_IOVAS,
	.size = sizeof(struct iommu_ioas_allow_iovas),
	.offset = offsetof(struct iommu_ioas_allow_iovas, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, ioas_copy_flags)
{
	.cmd = IOMMU_IOAS_COPY,
	.size = sizeof(struct iommu_ioas_copy),
	.offset = offsetof(struct iommu_ioas_copy, flags),
	.known = MAP_FIXED_RW,
};

FIXTURE_VARIANT_ADD(reserved, ioas_iova_ranges)
{
	.cmd = IOMMU_IOAS_IOVA_RANGES,
	.size = sizeof(struct iommu_ioas_iova_ranges),
	.offset = offsetof(struct iommu_ioas_iova_ranges, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, ioas_map)
{
	.cmd = IOMMU_IOAS_MAP,
	.size = sizeof(struct iommu_ioas_map),
	.offset = offsetof(struct iommu_ioas_map, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, ioas_map_flags)
{
	.cmd = IOMMU_IOAS_MAP,
	.size = sizeof(struct iommu_ioas_map),
	.offset = offsetof(struct iommu_ioas_map, flags),
	.known = MAP_FIXED_RW,
};

FIXTURE_VARIANT_ADD(reserved, ioas_map_file_flags)
{
	.cmd = IOMMU_IOAS_MAP_FILE,
	.size = sizeof(struct iommu_ioas_map_file),
	.offset = offsetof(struct iommu_ioas_map_file, flags),
	.known = MAP_FIXED_RW,
};

FIXTURE_VARIANT_ADD(reserved, ioas_change_process)
{
	.cmd = IOMMU_IOAS_CHANGE_PROCESS,
	.size = sizeof(struct iommu_ioas_change_process),
	.offset = offsetof(struct iommu_ioas_change_process, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, option)
{
	.cmd = IOMMU_OPTION,
	.size = sizeof(struct iommu_option),
	.offset = offsetof(struct iommu_option, __reserved),
	.width = 2,
};

FIXTURE_VARIANT_ADD(reserved, vfio_ioas)
{
	.cmd = IOMMU_VFIO_IOAS,
	.size = sizeof(struct iommu_vfio_ioas),
	.offset = offsetof(struct iommu_vfio_ioas, __reserved),
	.width = 2,
};

FIXTURE_VARIANT_ADD(reserved, hwpt_alloc)
{
	.cmd = IOMMU_HWPT_ALLOC,
	.size = sizeof(struct iommu_hwpt_alloc),
	.offset = offsetof(struct iommu_hwpt_alloc, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, hwpt_alloc_2)
{
	.cmd = IOMMU_HWPT_ALLOC,
	.size = sizeof(struct iommu_hwpt_alloc),
	.offset = offsetof(struct iommu_hwpt_alloc, __reserved2),
};

FIXTURE_VARIANT_ADD(reserved, hwpt_alloc_flags)
{
	.cmd = IOMMU_HWPT_ALLOC,
	.size = sizeof(struct iommu_hwpt_alloc),
	.offset = offsetof(struct iommu_hwpt_alloc, flags),
	.known = HWPT_FLAGS,
};

FIXTURE_VARIANT_ADD(reserved, hwpt_set_dirty_tracking)
{
	.cmd = IOMMU_HWPT_SET_DIRTY_TRACKING,
	.size = sizeof(struct iommu_hwpt_set_dirty_tracking),
	.offset = offsetof(struct iommu_hwpt_set_dirty_tracking, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, hwpt_set_dirty_tracking_flags)
{
	.cmd = IOMMU_HWPT_SET_DIRTY_TRACKING,
	.size = sizeof(struct iommu_hwpt_set_dirty_tracking),
	.offset = offsetof(struct iommu_hwpt_set_dirty_tracking, flags),
	.known = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
};

FIXTURE_VARIANT_ADD(reserved, hwpt_get_dirty_bitmap)
{
	.cmd = IOMMU_HWPT_GET_DIRTY_BITMAP,
	.size = sizeof(struct iommu_hwpt_get_dirty_bitmap),
	.offset = offsetof(struct iommu_hwpt_get_dirty_bitmap, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, hwpt_get_dirty_bitmap_flags)
{
	.cmd = IOMMU_HWPT_GET_DIRTY_BITMAP,
	.size = sizeof(struct iommu_hwpt_get_dirty_bitmap),
	.offset = offsetof(struct iommu_hwpt_get_dirty_bitmap, flags),
	.known = IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR,
};

FIXTURE_VARIANT_ADD(reserved, hwpt_invalidate)
{
	.cmd = IOMMU_HWPT_INVALIDATE,
	.size = sizeof(struct iommu_hwpt_invalidate),
	.offset = offsetof(struct iommu_hwpt_invalidate, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, get_hw_info)
{
	.cmd = IOMMU_GET_HW_INFO,
	.size = sizeof(struct iommu_hw_info),
	.offset = offsetof(struct iommu_hw_info, __reserved),
	.width = 3,
};

FIXTURE_VARIANT_ADD(reserved, get_hw_info_flags)
{
	.cmd = IOMMU_GET_HW_INFO,
	.size = sizeof(struct iommu_hw_info),
	.offset = offsetof(struct iommu_hw_info, flags),
	.known = IOMMU_HW_INFO_FLAG_INPUT_TYPE,
};

FIXTURE_VARIANT_ADD(reserved, device_get_info_flags)
{
	.cmd = IOMMU_DEVICE_GET_INFO,
	.size = sizeof(struct iommu_device_get_info),
	.offset = offsetof(struct iommu_device_get_info, flags),
};

FIXTURE_VARIANT_ADD(reserved, fault_queue_alloc_flags)
{
	.cmd = IOMMU_FAULT_QUEUE_ALLOC,
	.size = sizeof(struct iommu_fault_alloc),
	.offset = offsetof(struct iommu_fault_alloc, flags),
	.known = IOMMU_FAULT_QUEUE_COOKIE,
};

FIXTURE_VARIANT_ADD(reserved, viommu_alloc_flags)
{
	.cmd = IOMMU_VIOMMU_ALLOC,
	.size = sizeof(struct iommu_viommu_alloc),
	.offset = offsetof(struct iommu_viommu_alloc, flags),
};

FIXTURE_VARIANT_ADD(reserved, viommu_alloc)
{
	.cmd = IOMMU_VIOMMU_ALLOC,
	.size = sizeof(struct iommu_viommu_alloc),
	.offset = offsetof(struct iommu_viommu_alloc, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, veventq_alloc_flags)
{
	.cmd = IOMMU_VEVENTQ_ALLOC,
	.size = sizeof(struct iommu_veventq_alloc),
	.offset = offsetof(struct iommu_veventq_alloc, flags),
};

FIXTURE_VARIANT_ADD(reserved, veventq_alloc)
{
	.cmd = IOMMU_VEVENTQ_ALLOC,
	.size = sizeof(struct iommu_veventq_alloc),
	.offset = offsetof(struct iommu_veventq_alloc, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, ioasid_alloc)
{
	.cmd = IOMMU_IOASID_ALLOC,
	.size = sizeof(struct iommu_ioasid_alloc),
	.offset = offsetof(struct iommu_ioasid_alloc, fault_id),
};

FIXTURE_VARIANT_ADD(reserved, ioasid_alloc_flags)
{
	.cmd = IOMMU_IOASID_ALLOC,
	.size = sizeof(struct iommu_ioasid_alloc),
	.offset = offsetof(struct iommu_ioasid_alloc, flags),
	.known = IOMMU_IOASID_ALLOC_FAULT_QUEUE,
};

FIXTURE_VARIANT_ADD(reserved, ioasid_invalidate_flags)
{
	.cmd = IOMMU_IOASID_INVALIDATE,
	.size = sizeof(struct iommu_ioasid_invalidate),
	.offset = offsetof(struct iommu_ioasid_invalidate, flags),
	.known = IOMMU_IOASID_INVALIDATE_DEVICE,
};

FIXTURE_VARIANT_ADD(reserved, memory_register)
{
	.cmd = IOMMU_MEMORY_REGISTER,
	.size = sizeof(struct iommu_memory_register),
	.offset = offsetof(struct iommu_memory_register, __reserved),
};

FIXTURE_VARIANT_ADD(reserved, memory_register_flags)
{
	.cmd = IOMMU_MEMORY_REGISTER,
	.size = sizeof(struct iommu_memory_register),
	.offset = offsetof(struct iommu_memory_register, flags),
	.known = IOMMU_MEMORY_REGISTER_WRITEABLE,
};

FIXTURE_SETUP(reserved)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(reserved)
{
	close(self->fd);
}

TEST_F(reserved, nonzero_is_unsupported)
{
	size_t bits = 8 * (variant->width ?: 4);

	for (size_t bit = 0; bit < bits; bit++) {
		__u32 value = 1U << bit;
		__u8 buf[256] = {};

		if (value & variant->known)
			continue;
		memcpy(buf + variant->offset, &value, bits / 8);
		EXPECT_EQ(-EOPNOTSUPP, send_command(self->fd, variant->cmd, buf,
						    variant->size)) {
			TH_LOG("bit %zu", bit);
		}
	}
}

FIXTURE(iommufd)
{
	int fd;
};

FIXTURE_SETUP(iommufd)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(iommufd)
{
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(iommufd, unknown_command_is_enotty)
{
	static const __u32 unknown[] = { 0x00, 0x7f, 0xbf, 0xff };
	struct iommu_destroy arg = { .size = sizeof(arg) };

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		EXPECT_EQ(-ENOTTY, iommu_ioctl(self->fd,
					       _IO(IOMMUFD_TYPE, unknown[i]),
					       &arg)) {
			TH_LOG("command %#x", unknown[i]);
		}
	}
	EXPECT_EQ(-ENOTTY, iommu_ioctl(self->fd, _IO('!', 0x80), &arg));
}

TEST_F(iommufd, size_may_change_only_if_zero_up_to_the_end_of_the_page)
{
	__u8 *page = memory_map(2 * page_size);
	__u32 size = page_size + 8;

	ASSERT_NE(NULL, page);
	memcpy(page, &size, sizeof(size));
	EXPECT_EQ(-ENOENT, iommu_ioctl(self->fd, IOMMU_DESTROY, page));
	page[size - 1] = 1;
	EXPECT_EQ(-E2BIG, iommu_ioctl(self->fd, IOMMU_DESTROY, page));
}

TEST_F(iommufd, ids_that_name_nothing_are_enoent)
{
	struct iommu_iova_range range;
	__u32 num = 1, id = 77;
	__u64 iova = 0, value;

	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, id));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, 0));
	EXPECT_EQ(-ENOENT, ioas_map(self->fd, id, buffer, page_size, &iova));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, id, 0, page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap_all(self->fd, id, NULL));
	EXPECT_EQ(-ENOENT, ioas_copy(self->fd, id, id, page_size, &iova, 0));
	EXPECT_EQ(-ENOENT, ioas_iova_ranges(self->fd, id, &range, &num, NULL));
	EXPECT_EQ(-ENOENT, ioas_allow_iovas(self->fd, id, NULL, 0));
	EXPECT_EQ(-ENOENT, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, id, 1));
	EXPECT_EQ(-ENOENT, option_get(self->fd, IOMMU_OPTION_HUGE_PAGES, id,
				      &value));
	EXPECT_EQ(-ENOENT, hwpt_alloc(self->fd, id, id, 0, &num));
}

TEST_F(iommufd, object_of_another_kind_is_enoent)
{
	struct iommu_hw_info info = { .size = sizeof(info) };
	__u32 ioas, hwpt;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	info.dev_id = ioas;
	EXPECT_EQ(-ENOENT, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &info));
	EXPECT_EQ(-ENOENT, hwpt_alloc(self->fd, ioas, ioas, 0, &hwpt));
}

TEST_F(iommufd, cookie_of_no_device_is_enoent)
{
	struct iommu_device_get_info info = {
		.size = sizeof(info),
		.dev_cookie = 0x1234,
		.format_len = sizeof(struct iommu_format_info),
	};

	EXPECT_EQ(-ENOENT, iommu_ioctl(self->fd, IOMMU_DEVICE_GET_INFO, &info));
}

TEST_F(iommufd, ids_are_never_zero)
{
	__u32 ioas = 0;

	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
		ASSERT_NE(0, ioas);
	}
}

TEST_F(iommufd, failed_copy_out_leaves_no_object)
{
	struct iommu_ioas_alloc *cmd = memory_map(page_size);
	__u64 old;
	__u32 ioas;

	ASSERT_NE(NULL, cmd);
	cmd->size = sizeof(*cmd);
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_IOAS_ALLOC, cmd));
	/* the option can be set only while there are no objects */
	ASSERT_EQ(0, option_get(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, &old));
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, old));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	EXPECT_EQ(-EBUSY, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0,
				     old));
}

/*
 * Options
 */

TEST_F(iommufd, rlimit_mode_is_off_and_can_be_switched)
{
	__u64 value;

	EXPECT_EQ(0, option_get(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, &value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, 1));
	EXPECT_EQ(0, option_get(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, 0));
	EXPECT_EQ(0, option_get(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, &value));
	EXPECT_EQ(0, value);
}

TEST_F(iommufd, rlimit_mode_needs_privilege)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(255);
		_exit(-option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, 1));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(EPERM, WEXITSTATUS(status));
}

TEST_F(iommufd, rlimit_mode_is_told_to_everybody)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, 1));
	pid = fork();
	if (!pid) {
		__u64 value;
		int rc;

		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(255);
		rc = option_get(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, &value);
		_exit(rc ? -rc : value != 1 ? 254 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST_F(iommufd, rlimit_mode_is_fixed_once_there_are_objects)
{
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	EXPECT_EQ(-EBUSY, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, 1));
	ASSERT_EQ(0, iommu_destroy(self->fd, ioas));
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, 1));
}

TEST_F(iommufd, rlimit_mode_is_of_the_whole_descriptor)
{
	__u64 value;

	EXPECT_EQ(-EOPNOTSUPP,
		  option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 1, 1));
	EXPECT_EQ(-EOPNOTSUPP,
		  option_get(self->fd, IOMMU_OPTION_RLIMIT_MODE, 1, &value));
}

TEST_F(iommufd, option_value_other_than_0_and_1_is_invalid)
{
	__u32 ioas;

	EXPECT_EQ(-EINVAL, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, 2));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	EXPECT_EQ(-EINVAL,
		  option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, ioas, 2));
	EXPECT_EQ(-EINVAL, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, ioas,
				      1ULL << 32));
}

TEST_F(iommufd, unknown_option_and_operation_are_unsupported)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = IOMMU_OPTION_RLIMIT_MODE,
		.op = 2,
	};
	__u64 value;

	EXPECT_EQ(-EOPNOTSUPP, option_get(self->fd, 2, 0, &value));
	EXPECT_EQ(-EOPNOTSUPP, option_set(self->fd, 2, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_OPTION, &cmd));
}

TEST_F(iommufd, huge_pages_option_is_of_each_ioas)
{
	__u32 ioas[2];
	__u64 value;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas[0]));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas[1]));
	EXPECT_EQ(0, option_get(self->fd, IOMMU_OPTION_HUGE_PAGES, ioas[0],
				&value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, ioas[0], 0));
	EXPECT_EQ(0, option_get(self->fd, IOMMU_OPTION_HUGE_PAGES, ioas[0],
				&value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(0, option_get(self->fd, IOMMU_OPTION_HUGE_PAGES, ioas[1],
				&value));
	EXPECT_EQ(1, value);
}

/*
 * The map of an IOAS that no device is attached to
 */

FIXTURE(ioas)
{
	int fd;
	__u32 id;
};

FIXTURE_SETUP(ioas)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->id));
}

FIXTURE_TEARDOWN(ioas)
{
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(ioas, destroy_unmaps_what_is_left)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size, 0));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->id));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, self->id));
}

TEST_F(ioas, longer_structs_with_nothing_behind_do_their_work)
{
	struct {
		struct iommu_vfio_ioas cmd;
		__u32 more[5];
	} compat = {
		.cmd = {
			.size = sizeof(compat),
			.ioas_id = self->id,
			.op = IOMMU_VFIO_IOAS_SET,
		},
	};
	struct {
		struct iommu_memory_register cmd;
		__u64 more[3];
	} memory = {
		.cmd = {
			.size = sizeof(memory),
			.user_va = (uintptr_t)buffer,
			.length = page_size,
		},
	};

	compat.more[4] = 1;
	EXPECT_EQ(-E2BIG, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &compat));
	compat.more[4] = 0;
	compat.cmd.op = IOMMU_VFIO_IOAS_GET;
	EXPECT_EQ(-ENODEV, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &compat));
	compat.cmd.op = IOMMU_VFIO_IOAS_SET;
	EXPECT_EQ(0, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &compat));
	compat.cmd.op = IOMMU_VFIO_IOAS_GET;
	compat.cmd.ioas_id = 0;
	EXPECT_EQ(0, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &compat));
	EXPECT_EQ(self->id, compat.cmd.ioas_id);

	memory.more[2] = 1ULL << 63;
	EXPECT_EQ(-E2BIG, iommu_ioctl(self->fd, IOMMU_MEMORY_REGISTER, &memory));
	memory.more[2] = 0;
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_MEMORY_REGISTER, &memory));
	EXPECT_EQ(0, iommu_destroy(self->fd, memory.cmd.out_memory_id));
}

TEST_F(ioas, fixed_map_is_where_it_was_asked_for)
{
	__u64 unmapped, iova = 5 * page_size;

	ASSERT_EQ(0, ioas_map_flags(self->fd, self->id, buffer, 2 * page_size,
				    &iova, MAP_FIXED_RW));
	EXPECT_EQ(5 * page_size, iova);
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->id, 5 * page_size,
				       2 * page_size, &unmapped));
	EXPECT_EQ(2 * page_size, unmapped);
}

TEST_F(ioas, automatic_map_never_overlaps)
{
	__u64 iova[64];

	for (size_t i = 0; i < ARRAY_SIZE(iova); i++) {
		iova[i] = 0;
		ASSERT_EQ(0, ioas_map(self->fd, self->id, buffer,
				      2 * page_size, &iova[i]));
		ASSERT_NE(0, iova[i]);
		ASSERT_EQ(0, iova[i] % page_size);
		for (size_t j = 0; j < i; j++)
			ASSERT_TRUE(iova[i] >= iova[j] + 2 * page_size ||
				    iova[j] >= iova[i] + 2 * page_size);
	}
	for (size_t i = 0; i < ARRAY_SIZE(iova); i++)
		ASSERT_EQ(0, ioas_unmap(self->fd, self->id, iova[i],
					2 * page_size));
}

TEST_F(ioas, automatic_map_avoids_fixed_ones)
{
	__u64 iova, unmapped;

	/* one page is left free */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    0x10000 - page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    0x10000 + page_size));
	for (int i = 0; i < 32; i++) {
		ASSERT_EQ(0, ioas_map(self->fd, self->id, buffer, page_size,
				      &iova));
		ASSERT_NE(0x10000 - page_size, iova);
		ASSERT_NE(0x10000 + page_size, iova);
	}
	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->id, &unmapped));
	EXPECT_EQ(34 * page_size, unmapped);
}

TEST_F(ioas, overlapping_map_exists)
{
	__u64 base = 16 * page_size;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, 4 * page_size,
				    base));
	EXPECT_EQ(-EEXIST, ioas_map_fixed(self->fd, self->id, buffer,
					  4 * page_size, base));
	EXPECT_EQ(-EEXIST, ioas_map_fixed(self->fd, self->id, buffer,
					  page_size, base + 3 * page_size));
	EXPECT_EQ(-EEXIST, ioas_map_fixed(self->fd, self->id, buffer,
					  2 * page_size, base - page_size));
	EXPECT_EQ(-EEXIST, ioas_map_fixed(self->fd, self->id, buffer,
					  8 * page_size, base - page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    base - page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    base + 4 * page_size));
}

TEST_F(ioas, map_flags_are_checked)
{
	__u64 iova = 0;

	EXPECT_EQ(-EINVAL, ioas_map_flags(self->fd, self->id, buffer,
					  page_size, &iova,
					  IOMMU_IOAS_MAP_FIXED_IOVA));
	EXPECT_EQ(-EINVAL, ioas_map_flags(self->fd, self->id, buffer,
					  page_size, &iova, 0));
	for (int bit = 3; bit < 32; bit++)
		EXPECT_EQ(-EOPNOTSUPP,
			  ioas_map_flags(self->fd, self->id, buffer, page_size,
					 &iova, MAP_FIXED_RW | 1U << bit));
	EXPECT_EQ(0, ioas_map_flags(self->fd, self->id, buffer, page_size,
				    &iova, IOMMU_IOAS_MAP_READABLE));
	EXPECT_EQ(0, ioas_map_flags(self->fd, self->id, buffer, page_size,
				    &iova, IOMMU_IOAS_MAP_WRITEABLE));
}

TEST_F(ioas, length_zero_is_invalid)
{
	__u64 iova = page_size;

	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->id, buffer, 0, iova));
	EXPECT_EQ(-EINVAL, ioas_map(self->fd, self->id, buffer, 0, &iova));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size, iova));
	EXPECT_EQ(-EINVAL, ioas_unmap(self->fd, self->id, iova, 0));
	EXPECT_EQ(-EINVAL, ioas_copy(self->fd, self->id, self->id, 0, &iova,
				     page_size));
}

TEST_F(ioas, range_that_wraps_overflows)
{
	__u64 last_page = UINT64_MAX - page_size + 1, iova = 0;

	EXPECT_EQ(-EOVERFLOW, ioas_map_fixed(self->fd, self->id, buffer,
					     2 * page_size, last_page));
	EXPECT_EQ(-EOVERFLOW, ioas_map_fixed(self->fd, self->id,
					     (void *)last_page, 2 * page_size,
					     0));
	EXPECT_EQ(-EOVERFLOW, ioas_unmap(self->fd, self->id, last_page,
					 2 * page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size, 0));
	EXPECT_EQ(-EOVERFLOW, ioas_copy(self->fd, self->id, self->id,
					2 * page_size, &iova, last_page));
	EXPECT_EQ(-EOVERFLOW, ioas_copy_fixed(self->fd, self->id, self->id,
					      2 * page_size, last_page, 0));
}

TEST_F(ioas, last_byte_of_the_space_can_be_mapped)
{
	__u64 last_page = UINT64_MAX - page_size + 1, unmapped;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    last_page));
	EXPECT_EQ(-EEXIST, ioas_map_fixed(self->fd, self->id, buffer,
					  page_size, last_page));
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->id, last_page,
				       page_size, &unmapped));
	EXPECT_EQ(page_size, unmapped);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    last_page));
	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->id, &unmapped));
	EXPECT_EQ(page_size, unmapped);
}

TEST_F(ioas, alignment_is_at_most_a_page)
{
	struct iommu_iova_range range;
	__u64 alignment;
	__u32 num = 1;

	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->id, &range, &num,
				      &alignment));
	ASSERT_NE(0, alignment);
	EXPECT_EQ(0, alignment & (alignment - 1));
	EXPECT_GE(page_size, alignment);
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer + alignment,
				    alignment, page_size + alignment));
}

TEST_F(ioas, unmap_takes_all_mappings_inside)
{
	__u64 base = 8 * page_size, unmapped;

	/* three mappings with a gap */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size, base));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    base + page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, 2 * page_size,
				    base + 4 * page_size));
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->id, base - 3 * page_size,
				       20 * page_size, &unmapped));
	EXPECT_EQ(4 * page_size, unmapped);
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, base, page_size));
}

TEST_F(ioas, unmap_leaves_what_is_outside)
{
	__u64 unmapped;

	for (int i = 0; i < 8; i++)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer,
					    page_size, i * page_size));
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->id, 2 * page_size,
				       3 * page_size, &unmapped));
	EXPECT_EQ(3 * page_size, unmapped);
	EXPECT_EQ(-EEXIST, ioas_map_fixed(self->fd, self->id, buffer, page_size,
					  page_size));
	EXPECT_EQ(-EEXIST, ioas_map_fixed(self->fd, self->id, buffer, page_size,
					  5 * page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, 3 * page_size,
				    2 * page_size));
}

TEST_F(ioas, unmap_does_not_cut_a_mapping)
{
	__u64 base = 8 * page_size;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, 4 * page_size,
				    base));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, base, page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, base + page_size,
				      page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, base + 3 * page_size,
				      page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, base - page_size,
				      2 * page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, base + page_size,
				      8 * page_size));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->id, base, 4 * page_size));
}

TEST_F(ioas, unmap_of_nothing_is_enoent)
{
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, 0, page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, page_size,
				      UINT64_MAX - page_size + 1));
}

TEST_F(ioas, unmap_of_the_whole_space_always_succeeds)
{
	__u64 unmapped;

	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->id, &unmapped));
	EXPECT_EQ(0, unmapped);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size, 0));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    1ULL << 40));
	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->id, &unmapped));
	EXPECT_EQ(2 * page_size, unmapped);
}

TEST_F(ioas, unmap_is_done_even_if_its_length_cannot_be_told)
{
	struct iommu_ioas_unmap *cmd = memory_map(page_size);
	__u64 unmapped;

	ASSERT_NE(NULL, cmd);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer,
					    page_size, i * page_size));
	*cmd = (struct iommu_ioas_unmap) {
		.size = sizeof(*cmd),
		.ioas_id = self->id,
		.iova = page_size,
		.length = 2 * page_size,
	};
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_IOAS_UNMAP, cmd));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->id, page_size,
				      2 * page_size));

	/* what is around it is still there, until all goes */
	ASSERT_EQ(0, ioas_unmap(self->fd, self->id, 0, page_size));
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ | PROT_WRITE));
	cmd->iova = 0;
	cmd->length = UINT64_MAX;
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_IOAS_UNMAP, cmd));
	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->id, &unmapped));
	EXPECT_EQ(0, unmapped);
}

TEST_F(ioas, option_that_is_set_needs_no_answer)
{
	struct iommu_option *cmd = memory_map(page_size);
	__u64 value = 1;

	ASSERT_NE(NULL, cmd);
	*cmd = (struct iommu_option) {
		.size = sizeof(*cmd),
		.option_id = IOMMU_OPTION_HUGE_PAGES,
		.op = IOMMU_OPTION_OP_SET,
		.object_id = self->id,
		.val64 = 0,
	};
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	EXPECT_EQ(0, iommu_ioctl(self->fd, IOMMU_OPTION, cmd));
	ASSERT_EQ(0, option_get(self->fd, IOMMU_OPTION_HUGE_PAGES, self->id,
				&value));
	EXPECT_EQ(0, value);
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ | PROT_WRITE));
	cmd->op = IOMMU_OPTION_OP_GET;
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_OPTION, cmd));
}

TEST_F(ioas, memory_is_looked_at_only_when_a_device_needs_it)
{
	void *hole = memory_map(page_size);

	ASSERT_NE(NULL, hole);
	munmap(hole, page_size);
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->id, hole, page_size, 0));
}

TEST_F(ioas, map_and_copy_without_room_for_the_result_change_nothing)
{
	struct iommu_ioas_map *map = memory_map(page_size);
	struct iommu_ioas_copy *copy = memory_map(page_size);
	__u64 unmapped;

	ASSERT_NE(NULL, map);
	ASSERT_NE(NULL, copy);
	*map = (struct iommu_ioas_map) {
		.size = sizeof(*map),
		.flags = MAP_RW,
		.ioas_id = self->id,
		.user_va = (uintptr_t)buffer,
		.length = page_size,
	};
	*copy = (struct iommu_ioas_copy) {
		.size = sizeof(*copy),
		.flags = MAP_RW,
		.dst_ioas_id = self->id,
		.src_ioas_id = self->id,
		.length = page_size,
		.src_iova = page_size,
	};
	ASSERT_EQ(0, mprotect(map, page_size, PROT_READ));
	ASSERT_EQ(0, mprotect(copy, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_IOAS_MAP, map));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size,
				    page_size));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, IOMMU_IOAS_COPY, copy));
	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->id, &unmapped));
	EXPECT_EQ(page_size, unmapped);
}

TEST_F(ioas, large_map_needs_no_memory_of_its_size)
{
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->id, (void *)page_size,
				    1ULL << 44, 1ULL << 50));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->id, 1ULL << 50, 1ULL << 44));
}

/*
 * Copies
 */

FIXTURE(copy)
{
	int fd;
	__u32 src;
	__u32 dst;
};

FIXTURE_VARIANT(copy)
{
	bool same_ioas;
};

FIXTURE_VARIANT_ADD(copy, same_ioas)
{
	.same_ioas = true,
};

FIXTURE_VARIANT_ADD(copy, other_ioas)
{
	.same_ioas = false,
};

FIXTURE_SETUP(copy)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->src));
	self->dst = self->src;
	if (!variant->same_ioas)
		ASSERT_EQ(0, ioas_alloc(self->fd, &self->dst));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src, buffer, 4 * page_size,
				    0));
}

FIXTURE_TEARDOWN(copy)
{
	EXPECT_EQ(0, close(self->fd));
}

#define DST	0x100000000ULL

TEST_F(copy, copy_is_a_mapping_of_its_own)
{
	__u64 unmapped;

	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src,
				     4 * page_size, DST, 0));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->src, 0, 4 * page_size));
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->dst, DST, 4 * page_size,
				       &unmapped));
	EXPECT_EQ(4 * page_size, unmapped);
}

TEST_F(copy, automatic_iova_is_returned)
{
	__u64 iova = 0;

	ASSERT_EQ(0, ioas_copy(self->fd, self->dst, self->src, 4 * page_size,
			       &iova, 0));
	EXPECT_NE(0, iova);
	EXPECT_EQ(0, ioas_unmap(self->fd, self->dst, iova, 4 * page_size));
}

TEST_F(copy, part_of_a_mapping_can_be_copied)
{
	__u64 unmapped;

	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src,
				     2 * page_size, DST, page_size));
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->dst, DST, 2 * page_size,
				       &unmapped));
	EXPECT_EQ(2 * page_size, unmapped);
}

TEST_F(copy, copy_can_be_copied)
{
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src,
				     2 * page_size, DST, page_size));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->src, self->dst, page_size,
				     2 * DST, DST + page_size));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->src, 2 * DST, page_size));
}

TEST_F(copy, source_range_with_gap_is_enoent)
{
	__u64 iova = DST;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src, buffer, page_size,
				    5 * page_size));
	EXPECT_EQ(-ENOENT, ioas_copy(self->fd, self->dst, self->src,
				     6 * page_size, &iova, 0));
	EXPECT_EQ(-ENOENT, ioas_copy(self->fd, self->dst, self->src,
				     5 * page_size, &iova, 0));
	EXPECT_EQ(-ENOENT, ioas_copy(self->fd, self->dst, self->src,
				     2 * page_size, &iova, 4 * page_size));
	EXPECT_EQ(-ENOENT, ioas_copy(self->fd, self->dst, self->src,
				     page_size, &iova, 1ULL << 40));
	/* nothing was left behind */
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src,
				     4 * page_size, DST, 0));
}

TEST_F(copy, several_mappings_are_copied_piece_by_piece)
{
	__u64 unmapped;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->src, buffer, 2 * page_size,
				    4 * page_size));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src,
				     4 * page_size, DST, 2 * page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->dst, DST, page_size));
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->dst, DST, 2 * page_size,
				       &unmapped));
	EXPECT_EQ(2 * page_size, unmapped);
	EXPECT_EQ(0, ioas_unmap(self->fd, self->dst, DST + 2 * page_size,
				2 * page_size));
}

TEST_F(copy, more_rights_than_the_source_are_refused)
{
	__u64 iova = 8 * page_size, dst = DST;

	ASSERT_EQ(0, ioas_map_flags(self->fd, self->src, buffer, page_size,
				    &iova, IOMMU_IOAS_MAP_FIXED_IOVA |
				    IOMMU_IOAS_MAP_READABLE));
	EXPECT_EQ(-EPERM, ioas_copy_fixed(self->fd, self->dst, self->src,
					  page_size, dst, iova));
	EXPECT_EQ(0, ioas_copy_flags(self->fd, self->dst, self->src, page_size,
				     &dst, iova, IOMMU_IOAS_MAP_FIXED_IOVA |
				     IOMMU_IOAS_MAP_READABLE));
}

TEST_F(copy, flags_are_checked)
{
	__u64 iova = DST;

	EXPECT_EQ(-EINVAL, ioas_copy_flags(self->fd, self->dst, self->src,
					   page_size, &iova, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP,
		  ioas_copy_flags(self->fd, self->dst, self->src, page_size,
				  &iova, 0, MAP_FIXED_RW | 1 << 3));
}

TEST_F(copy, occupied_destination_exists)
{
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->dst, self->src,
				     2 * page_size, DST, 0));
	EXPECT_EQ(-EEXIST, ioas_copy_fixed(self->fd, self->dst, self->src,
					   2 * page_size, DST + page_size, 0));
}

TEST_F(copy, unknown_ioas_is_enoent)
{
	__u64 iova = 0;

	EXPECT_EQ(-ENOENT, ioas_copy(self->fd, 77, self->src, page_size, &iova,
				     0));
	EXPECT_EQ(-ENOENT, ioas_copy(self->fd, self->dst, 77, page_size, &iova,
				     0));
}

TEST_F(ioas, copy_outlives_the_ioas_of_its_source)
{
	__u32 dst;

	ASSERT_EQ(0, ioas_alloc(self->fd, &dst));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, 4 * page_size,
				    0));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, dst, self->id, 4 * page_size,
				     DST, 0));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->id));
	EXPECT_EQ(0, ioas_copy_fixed(self->fd, dst, dst, 4 * page_size,
				     2 * DST, DST));
}

/*
 * Permitted ranges
 */

TEST_F(ioas, all_iovas_are_permitted_without_devices)
{
	struct iommu_iova_range range = {};
	__u32 num = 1;

	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->id, &range, &num, NULL));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, range.start);
	EXPECT_EQ(UINT64_MAX, range.last);
}

TEST_F(ioas, too_small_range_array_gets_the_number)
{
	struct iommu_iova_range range = {};
	__u32 num = 0;

	EXPECT_EQ(-EMSGSIZE, ioas_iova_ranges(self->fd, self->id, NULL, &num,
					      NULL));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, ioas_iova_ranges(self->fd, self->id, &range, &num, NULL));
}

TEST_F(ioas, too_large_range_array_keeps_its_end)
{
	struct iommu_iova_range range[3];
	__u32 num = 3;

	memset(range, 0x5a, sizeof(range));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->id, range, &num, NULL));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5a, range[1].start);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5a, range[2].last);
}

TEST_F(ioas, range_array_that_cannot_be_written_faults)
{
	__u32 num = 1;

	EXPECT_EQ(-EFAULT, ioas_iova_ranges(self->fd, self->id, NULL, &num,
					    NULL));
}

TEST_F(ioas, automatic_iova_stays_inside_the_allowed_ranges)
{
	struct iommu_iova_range allowed[] = {
		{ 4 * page_size, 6 * page_size - 1 },
		{ 16 * page_size, 17 * page_size - 1 },
	};
	__u64 iova = 0, first;

	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->id, allowed, 2));
	/* a hole of two pages and one of one page */
	ASSERT_EQ(0, ioas_map(self->fd, self->id, buffer, 2 * page_size, &iova));
	EXPECT_EQ(4 * page_size, iova);
	EXPECT_EQ(-ENOSPC, ioas_map(self->fd, self->id, buffer, 2 * page_size,
				    &first));
	ASSERT_EQ(0, ioas_map(self->fd, self->id, buffer, page_size, &iova));
	EXPECT_EQ(16 * page_size, iova);
	EXPECT_EQ(-ENOSPC, ioas_map(self->fd, self->id, buffer, page_size,
				    &iova));
	/* a fixed IOVA need not be inside */
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->id, buffer, page_size, 0));
}

TEST_F(ioas, allowed_ranges_are_replaced_by_the_next_list)
{
	struct iommu_iova_range allowed = { 16 * page_size,
					    17 * page_size - 1 };
	__u64 iova = 0;

	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->id, &allowed, 1));
	allowed.start = 32 * page_size;
	allowed.last = 33 * page_size - 1;
	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->id, &allowed, 1));
	ASSERT_EQ(0, ioas_map(self->fd, self->id, buffer, page_size, &iova));
	EXPECT_EQ(32 * page_size, iova);
	EXPECT_EQ(-ENOSPC, ioas_map(self->fd, self->id, buffer, page_size,
				    &iova));
	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->id, NULL, 0));
	EXPECT_EQ(0, ioas_map(self->fd, self->id, buffer, page_size, &iova));
}

TEST_F(ioas, failed_allow_keeps_the_old_list)
{
	struct iommu_iova_range allowed[] = {
		{ 16 * page_size, 17 * page_size - 1 },
		{ 40 * page_size, 20 * page_size },
	};
	__u64 iova = 0;

	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->id, allowed, 1));
	EXPECT_EQ(-EINVAL, ioas_allow_iovas(self->fd, self->id, allowed + 1, 1));
	ASSERT_EQ(0, ioas_map(self->fd, self->id, buffer, page_size, &iova));
	EXPECT_EQ(16 * page_size, iova);
	EXPECT_EQ(-ENOSPC, ioas_map(self->fd, self->id, buffer, page_size,
				    &iova));
}

TEST_F(ioas, overlapping_and_inverted_allowed_ranges_are_invalid)
{
	struct iommu_iova_range range[2] = {
		{ page_size, 3 * page_size - 1 },
		{ 2 * page_size, 4 * page_size - 1 },
	};

	EXPECT_EQ(-EINVAL, ioas_allow_iovas(self->fd, self->id, range, 2));
	range[1] = range[0];
	EXPECT_EQ(-EINVAL, ioas_allow_iovas(self->fd, self->id, range, 2));
	range[0].start = 3 * page_size;
	range[0].last = page_size;
	EXPECT_EQ(-EINVAL, ioas_allow_iovas(self->fd, self->id, range, 1));
}

TEST_F(ioas, allowed_ranges_that_cannot_be_read_fault)
{
	EXPECT_EQ(-EFAULT, ioas_allow_iovas(self->fd, self->id, NULL, 1));
}

TEST_F(ioas, allowed_ranges_do_not_change_the_permitted_ones)
{
	struct iommu_iova_range range = { page_size, 2 * page_size - 1 };
	__u32 num = 1;

	ASSERT_EQ(0, ioas_allow_iovas(self->fd, self->id, &range, 1));
	ASSERT_EQ(0, ioas_iova_ranges(self->fd, self->id, &range, &num, NULL));
	EXPECT_EQ(1, num);
	EXPECT_EQ(0, range.start);
	EXPECT_EQ(UINT64_MAX, range.last);
}

TEST_HARNESS_MAIN
