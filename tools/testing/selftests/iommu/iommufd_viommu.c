// SPDX-License-Identifier: GPL-2.0-only
/*
 * vIOMMUs, the devices behind them, and their events. The vIOMMUs are those of
 * the mock IOMMU driver.
 */
#include <poll.h>
#include <pthread.h>

#include "mock_fixture.h"

#define PRESET	0x0badbeef
#define VIRT_ID	0x99

FIXTURE(viommu)
{
	int fd;
	__u32 ioas;
	__u32 parent;
	__u32 viommu;
	struct mock_device dev;
	struct mock_device other;
};

FIXTURE_SETUP(viommu)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->other));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &self->parent));
	ASSERT_EQ(0, viommu_alloc(self->fd, self->dev.idev, self->parent,
				  MOCK_VIOMMU_TYPE, &self->viommu));
}

FIXTURE_TEARDOWN(viommu)
{
	EXPECT_EQ(0, close(self->fd));
}

/*
 * The vIOMMU
 */

TEST_F(viommu, wrong_requests_are_refused)
{
	__u32 id, plain;

#define ALLOC(_dev, _parent, _type) \
	viommu_alloc(self->fd, _dev, _parent, _type, &id)
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&plain));
	EXPECT_EQ(-EINVAL, ALLOC(self->dev.idev, plain, MOCK_VIOMMU_TYPE));
	EXPECT_EQ(-ENOENT, ALLOC(self->dev.idev, self->ioas,
				 MOCK_VIOMMU_TYPE));
	EXPECT_EQ(-ENOENT, ALLOC(self->dev.idev, 77, MOCK_VIOMMU_TYPE));
	EXPECT_EQ(-ENOENT, ALLOC(self->dev.stdev, self->parent,
				 MOCK_VIOMMU_TYPE));
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->dev.idev, self->parent,
				     IOMMU_VIOMMU_TYPE_DEFAULT));
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->dev.idev, self->parent, 0xdead));
#undef ALLOC
}

TEST_F(viommu, device_that_cannot_nest_is_told_so)
{
	struct mock_device dev;
	__u32 id;

	ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas,
				       MOCK_DEVICE_NO_NESTING, &dev));
	EXPECT_EQ(-EOPNOTSUPP, viommu_alloc(self->fd, dev.idev, self->parent,
					    MOCK_VIOMMU_TYPE, &id));
}

TEST_F(viommu, parent_goes_last)
{
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->parent));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->viommu));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->parent));
}

TEST_F(viommu, goes_after_its_nested_tables)
{
	__u32 nested;

	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->viommu,
				       PRESET, &nested));
	EXPECT_EQ(0, mock_check_iotlb(self->fd, nested, 1, PRESET));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->viommu));
	ASSERT_EQ(0, iommu_destroy(self->fd, nested));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->viommu));
}

TEST_F(viommu, goes_after_its_devices)
{
	__u32 vdevice;

	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &vdevice));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->viommu));
	ASSERT_EQ(0, iommu_destroy(self->fd, vdevice));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->viommu));
}

TEST_F(viommu, wrong_nested_tables_are_refused)
{
	struct mock_hwpt_data data = {};
	struct mock_device dev;
	__u32 id;

#define ALLOC(_dev, _flags, _type, _len)                                       \
	hwpt_alloc_data(self->fd, _dev, self->viommu, _flags, _type, &data,    \
			_len, &id)
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->dev.idev, 0, IOMMU_HWPT_DATA_NONE,
				     0));
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->dev.idev, 0, 0x1234, sizeof(data)));
	EXPECT_EQ(-EINVAL, ALLOC(self->dev.idev, 0, MOCK_HWPT_DATA, 3));
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->dev.idev,
				     IOMMU_HWPT_ALLOC_NEST_PARENT,
				     MOCK_HWPT_DATA, sizeof(data)));
	ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas,
				       MOCK_DEVICE_OTHER_IOMMU, &dev));
	EXPECT_EQ(-EINVAL, ALLOC(dev.idev, 0, MOCK_HWPT_DATA, sizeof(data)));
#undef ALLOC
}

TEST_F(viommu, has_formats_that_need_one)
{
	struct mock_hwpt_data data = {};
	struct mock_device dev;
	__u32 id, vdevice;

	ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas, MOCK_DEVICE_PASID,
				       &dev));
	ASSERT_EQ(0, hwpt_alloc_data(self->fd, dev.idev, self->viommu, 0,
				     MOCK_PASID_TABLE_DATA, &data, sizeof(data),
				     &id));
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, dev.idev, VIRT_ID,
				   &vdevice));
	EXPECT_EQ(0, mock_replace(self->fd, dev.stdev, id, NULL));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, id));
}

static int alloc_data(int fd, __u32 dev, __u32 parent, void *data, __u32 len,
		      __u32 *viommu)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = MOCK_VIOMMU_TYPE,
		.dev_id = dev,
		.hwpt_id = parent,
		.data_len = len,
		.data_uptr = (uintptr_t)data,
	};
	int rc = iommu_ioctl(fd, IOMMU_VIOMMU_ALLOC, &cmd);

	if (!rc)
		*viommu = cmd.out_viommu_id;
	return rc;
}

TEST_F(viommu, data_go_to_the_driver_and_back)
{
	struct {
		struct mock_viommu_data data;
		__u8 tail[8];
	} arg = { .data.in = 0x1234 };
	__u32 id;

#define ALLOC(_data, _len) \
	alloc_data(self->fd, self->dev.idev, self->parent, _data, _len, &id)
	ASSERT_EQ(0, ALLOC(&arg, sizeof(arg.data)));
	EXPECT_EQ(0x1234, arg.data.out);
	EXPECT_EQ(2 * page_size, arg.data.mmap_length);
	arg.data.mmap_length = 0;
	ASSERT_EQ(0, ALLOC(&arg, 8));
	EXPECT_EQ(0, arg.data.mmap_length);
	EXPECT_EQ(-EINVAL, ALLOC(&arg, 7));
	EXPECT_EQ(-EINVAL, ALLOC(&arg, sizeof(arg.data) + 1));
	EXPECT_EQ(-EFAULT, ALLOC(NULL, sizeof(arg.data)));
#undef ALLOC
}

TEST_F(viommu, memory_of_the_driver_can_be_mapped)
{
	struct mock_viommu_data data = { .in = 0x5678 };
	size_t length = 2 * page_size;
	__u32 id, *word;

	ASSERT_EQ(0, alloc_data(self->fd, self->dev.idev, self->parent, &data,
				sizeof(data), &id));
#define MAP(_length, _prot, _flags, _offset) \
	mmap(NULL, _length, _prot, _flags, self->fd, _offset)
	word = MAP(length, PROT_READ | PROT_WRITE, MAP_SHARED,
		   data.mmap_offset);
	ASSERT_NE(MAP_FAILED, word);
	EXPECT_EQ(0x5678, *word);
	EXPECT_EQ(0, word[length / sizeof(*word) - 1]);
	/* it stays as long as it is mapped */
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, munmap(word + length / 2 / sizeof(*word), length / 2));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, id));
	EXPECT_EQ(0x5678, *word);
	EXPECT_EQ(0, munmap(word, length / 2));

	EXPECT_EQ(MAP_FAILED, MAP(length, PROT_READ, MAP_PRIVATE,
				  data.mmap_offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, MAP(length, PROT_READ | PROT_EXEC, MAP_SHARED,
				  data.mmap_offset));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, MAP(length / 2, PROT_READ, MAP_SHARED,
				  data.mmap_offset));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(MAP_FAILED, MAP(length, PROT_READ, MAP_SHARED,
				  data.mmap_offset + page_size));
	EXPECT_EQ(ENXIO, errno);
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(MAP_FAILED, MAP(length, PROT_READ, MAP_SHARED,
				  data.mmap_offset));
	EXPECT_EQ(ENXIO, errno);
#undef MAP
}

/*
 * Devices
 */

TEST_F(viommu, wrong_devices_are_refused)
{
	struct mock_device dev;
	__u32 id;

	EXPECT_EQ(-ENOENT, vdevice_alloc(self->fd, self->parent,
					 self->dev.idev, VIRT_ID, &id));
	EXPECT_EQ(-ENOENT, vdevice_alloc(self->fd, self->viommu,
					 self->dev.stdev, VIRT_ID, &id));
	ASSERT_EQ(0, mock_device_flags(self->fd, self->ioas,
				       MOCK_DEVICE_OTHER_IOMMU, &dev));
	EXPECT_EQ(-EINVAL, vdevice_alloc(self->fd, self->viommu, dev.idev,
					 VIRT_ID, &id));
	/* nothing of it is left */
	EXPECT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id));
}

TEST_F(viommu, virtual_ids_are_unique)
{
	__u32 id, again;

	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id));
	EXPECT_EQ(-EEXIST, vdevice_alloc(self->fd, self->viommu,
					 self->other.idev, VIRT_ID, &again));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->other.idev,
				   VIRT_ID, &again));
}

TEST_F(viommu, device_is_behind_one_viommu)
{
	__u32 id, other, again;

	ASSERT_EQ(0, viommu_alloc(self->fd, self->dev.idev, self->parent,
				  MOCK_VIOMMU_TYPE, &other));
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id));
	EXPECT_EQ(-EEXIST, vdevice_alloc(self->fd, self->viommu,
					 self->dev.idev, VIRT_ID + 1, &again));
	EXPECT_EQ(-EEXIST, vdevice_alloc(self->fd, other, self->dev.idev,
					 VIRT_ID, &again));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, vdevice_alloc(self->fd, other, self->dev.idev, VIRT_ID,
				   &again));
}

TEST_F(viommu, vdevice_goes_with_its_device)
{
	__u32 id, ioas;

	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, id));
	/* the ID stays taken: it names nothing else */
	for (int i = 0; i < 16; i++) {
		ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
		EXPECT_NE(id, ioas);
	}
	EXPECT_EQ(-ENOENT, iommu_destroy(self->fd, id));
	/* the virtual ID does not, nor is the vIOMMU kept */
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->other.idev,
				   VIRT_ID, &id));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->viommu));
}

TEST_F(viommu, attach_needs_the_device_behind_the_viommu)
{
	__u32 nested, id, hwpt;

	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->viommu,
				       PRESET, &nested));
	EXPECT_EQ(-ENOENT, mock_replace(self->fd, self->dev.stdev, nested,
					NULL));
	/* the driver refused, and the device is back where it was */
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->dev.hwpt));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas,
				  &hwpt));
	EXPECT_EQ(self->dev.hwpt, hwpt);
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id));
	EXPECT_EQ(0, mock_replace(self->fd, self->dev.stdev, nested, NULL));
	EXPECT_EQ(-ENOENT, mock_replace(self->fd, self->other.stdev, nested,
					NULL));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, nested));
}

/* It has to be able to stay where it could not go now */
TEST_F(viommu, device_that_lost_its_vdevice_stays_when_refused)
{
	__u32 nested, other, id, hwpt;

	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->viommu,
				       PRESET, &nested));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->viommu,
				       PRESET, &other));
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, nested, NULL));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(-ENOENT, mock_replace(self->fd, self->dev.stdev, other,
					NULL));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, nested));
	EXPECT_EQ(0, iommu_destroy(self->fd, other));
	EXPECT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas,
				  &hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, nested));
}

struct binder {
	int fd;
	__u32 viommu;
	__u32 idev;
	bool stop;
	int unexpected;
};

/* Puts the device behind the vIOMMU and takes it away, until it is gone */
static void *vdevice_user(void *arg)
{
	struct binder *binder = arg;

	while (!__atomic_load_n(&binder->stop, __ATOMIC_RELAXED)) {
		__u32 id;
		int rc = vdevice_alloc(binder->fd, binder->viommu,
				       binder->idev, VIRT_ID, &id);

		if (!rc) {
			rc = iommu_destroy(binder->fd, id);
			if (rc && rc != -ENOENT)
				binder->unexpected = rc;
		} else if (rc != -ENOENT && rc != -EEXIST) {
			binder->unexpected = rc;
		}
	}
	return NULL;
}

TEST_F(viommu, device_can_go_while_its_vdevice_does)
{
	struct binder binder = {
		.fd = self->fd,
		.viommu = self->viommu,
	};
	pthread_t thread[2];

	for (int i = 0; i < 100; i++) {
		struct mock_device dev;

		ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
		binder.idev = dev.idev;
		binder.stop = false;
		for (int j = 0; j < 2; j++)
			ASSERT_EQ(0, pthread_create(&thread[j], NULL,
						    vdevice_user, &binder));
		usleep(i % 5 * 100);
		ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
		__atomic_store_n(&binder.stop, true, __ATOMIC_RELAXED);
		for (int j = 0; j < 2; j++)
			pthread_join(thread[j], NULL);
	}
	EXPECT_EQ(0, binder.unexpected);
	EXPECT_EQ(0, fdinfo_value(self->fd, "vdevice"));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->viommu));
}

/*
 * Invalidation
 */

TEST_F(viommu, virtual_id_says_whose_cache_is_invalidated)
{
	struct mock_viommu_invalidate entries[] = {
		{ .virt_id = VIRT_ID, .entry = 1 },
		{ .virt_id = VIRT_ID + 1, .flags = MOCK_INVALIDATE_ALL },
		{ .virt_id = VIRT_ID + 2 },
		{ .virt_id = VIRT_ID },
	};
	struct mock_viommu_invalidate *memory;
	__u32 id[2], num = 4;

#define INVALIDATE(_array, _len) \
	hwpt_invalidate(self->fd, self->viommu, MOCK_INVALIDATE_DATA, _array, \
			_len, &num)
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id[0]));
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->other.idev,
				   VIRT_ID + 1, &id[1]));
	/* the third one names nobody */
	EXPECT_EQ(-EINVAL, INVALIDATE(entries, sizeof(*entries)));
	EXPECT_EQ(2, num);
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 0,
				      MOCK_CACHE_PRESET));
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 1, 0));
	for (__u32 i = 0; i < MOCK_CACHE_ENTRIES; i++)
		EXPECT_EQ(0, mock_check_cache(self->fd, self->other.idev, i,
					      0));
	num = 1;
	entries[3].flags = 2;
	EXPECT_EQ(-EOPNOTSUPP, INVALIDATE(entries + 3, sizeof(*entries)));
	entries[3].flags = MOCK_INVALIDATE_ALL;
	entries[3].entry = MOCK_CACHE_ENTRIES;
	num = 1;
	EXPECT_EQ(-EINVAL, INVALIDATE(entries + 3, sizeof(*entries)));
	EXPECT_EQ(0, num);
	num = 1;
	EXPECT_EQ(-EINVAL, INVALIDATE(entries, sizeof(*entries) - 1));
	EXPECT_EQ(0, num);
	/* nothing is done if the array cannot be read to its end */
	num = 1000;
	memory = memory_map(2 * page_size);
	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, munmap((void *)memory + page_size, page_size));
	for (__u32 i = 0; i < page_size / sizeof(*memory); i++)
		memory[i].virt_id = VIRT_ID;
	EXPECT_EQ(-EFAULT, INVALIDATE(memory, sizeof(*memory)));
	EXPECT_EQ(0, num);
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 0,
				      MOCK_CACHE_PRESET));
	EXPECT_EQ(0, INVALIDATE(NULL, 0));
	EXPECT_EQ(-EINVAL, hwpt_invalidate(self->fd, self->viommu, 0x0dadbeef,
					   NULL, 0, &num));
	/* not behind the vIOMMU, no virtual ID */
	ASSERT_EQ(0, iommu_destroy(self->fd, id[0]));
	num = 1;
	EXPECT_EQ(-EINVAL, INVALIDATE(entries, sizeof(*entries)));
#undef INVALIDATE
}

/* More than fit into a page, which the kernel might read them by */
TEST_F(viommu, many_entries_in_one_call)
{
	static struct mock_viommu_invalidate entries[1000];
	__u32 id, num = ARRAY_SIZE(entries);

	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id));
	for (__u32 i = 0; i < ARRAY_SIZE(entries); i++) {
		entries[i].virt_id = VIRT_ID;
		entries[i].entry = i < 999 ? 1 : 2;
	}
	EXPECT_EQ(0, hwpt_invalidate(self->fd, self->viommu,
				     MOCK_INVALIDATE_DATA, entries,
				     sizeof(*entries), &num));
	EXPECT_EQ(ARRAY_SIZE(entries), num);
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 1, 0));
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 2, 0));
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 3,
				      MOCK_CACHE_PRESET));
	/* all before the one that is wrong */
	entries[900].virt_id++;
	EXPECT_EQ(-EINVAL, hwpt_invalidate(self->fd, self->viommu,
					   MOCK_INVALIDATE_DATA, entries,
					   sizeof(*entries), &num));
	EXPECT_EQ(900, num);
	num = (1 << 19) + 1;
	EXPECT_EQ(-EINVAL, hwpt_invalidate(self->fd, self->viommu,
					   MOCK_INVALIDATE_DATA, entries,
					   sizeof(*entries), &num));
}

/* As many as there may be; one more is refused above */
TEST_F(viommu, half_a_million_entries_in_one_call)
{
	const __u32 count = 1 << 19;
	struct mock_viommu_invalidate *entries;
	__u32 id, num = count;

	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev, 0,
				   &id));
	entries = memory_map(count * sizeof(*entries));
	ASSERT_NE(NULL, entries);
	entries[count - 1].entry = 2;
	EXPECT_EQ(0, hwpt_invalidate(self->fd, self->viommu,
				     MOCK_INVALIDATE_DATA, entries,
				     sizeof(*entries), &num));
	EXPECT_EQ(count, num);
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 0, 0));
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 2, 0));
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 1,
				      MOCK_CACHE_PRESET));
	munmap(entries, count * sizeof(*entries));
}

TEST_F(viommu, half_a_million_entries_for_a_nested_table)
{
	const __u32 count = 1 << 19;
	struct mock_hwpt_invalidate *entries;
	__u32 nested, num = count;

	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->viommu,
				       PRESET, &nested));
	entries = memory_map(count * sizeof(*entries));
	ASSERT_NE(NULL, entries);
	entries[count - 1].entry = 2;
	EXPECT_EQ(0, hwpt_invalidate(self->fd, nested, MOCK_INVALIDATE_DATA,
				     entries, sizeof(*entries), &num));
	EXPECT_EQ(count, num);
	EXPECT_EQ(0, mock_check_iotlb(self->fd, nested, 2, 0));
	EXPECT_EQ(0, mock_check_iotlb(self->fd, nested, 1, PRESET));
	munmap(entries, count * sizeof(*entries));
}

TEST_F(viommu, entries_of_another_type_are_not_done)
{
	struct mock_viommu_invalidate entries[] = {
		{ .virt_id = VIRT_ID, .flags = MOCK_INVALIDATE_ALL },
		{ .virt_id = VIRT_ID, .flags = MOCK_INVALIDATE_ALL },
	};
	static const __u32 types[] = { 0x0dadbeef, MOCK_HWPT_DATA, 0 };
	__u32 id, num;

	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &id));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		num = ARRAY_SIZE(entries);
		EXPECT_EQ(-EINVAL, hwpt_invalidate(self->fd, self->viommu,
						   types[i], entries,
						   sizeof(*entries), &num));
		EXPECT_EQ(0, num);
	}
	for (__u32 i = 0; i < MOCK_CACHE_ENTRIES; i++)
		EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, i,
					      MOCK_CACHE_PRESET));
	num = ARRAY_SIZE(entries);
	EXPECT_EQ(0, hwpt_invalidate(self->fd, self->viommu,
				     MOCK_INVALIDATE_DATA, entries,
				     sizeof(*entries), &num));
	EXPECT_EQ(2, num);
	EXPECT_EQ(0, mock_check_cache(self->fd, self->dev.idev, 3, 0));
}

/*
 * Events
 */

struct record {
	struct iommufd_vevent_header header;
	struct mock_vevent event;
};

#define DEPTH 3

FIXTURE(vevent)
{
	int fd;
	int queue_fd;
	__u32 ioas;
	__u32 viommu;
	__u32 queue;
	__u32 vdevice;
	__u32 nested;
	struct mock_device dev;
};

FIXTURE_SETUP(vevent)
{
	__u32 parent;

	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &parent));
	ASSERT_EQ(0, viommu_alloc(self->fd, self->dev.idev, parent,
				  MOCK_VIOMMU_TYPE, &self->viommu));
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, self->dev.idev,
				   VIRT_ID, &self->vdevice));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, self->viommu,
				       PRESET, &self->nested));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  NULL));
	self->queue_fd = veventq_alloc(self->fd, self->viommu,
				       MOCK_VEVENTQ_TYPE, DEPTH, &self->queue);
	ASSERT_LE(0, self->queue_fd);
}

FIXTURE_TEARDOWN(vevent)
{
	close(self->queue_fd);
	EXPECT_EQ(0, close(self->fd));
}

static bool is_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents == POLLIN;
}

static int trigger(int fd, __u32 idev, int count)
{
	int rc = 0;

	while (count-- && !rc)
		rc = mock_trigger_vevent(fd, idev);
	return rc;
}

TEST_F(vevent, wrong_queues_are_refused)
{
	__u32 id;

#define ALLOC(_viommu, _type, _depth) \
	veventq_alloc(self->fd, _viommu, _type, _depth, &id)
	EXPECT_EQ(-EEXIST, ALLOC(self->viommu, MOCK_VEVENTQ_TYPE, 1));
	EXPECT_EQ(-EINVAL, ALLOC(self->viommu, MOCK_VEVENTQ_TYPE, 0));
	EXPECT_EQ(-EINVAL, ALLOC(self->viommu, MOCK_VEVENTQ_TYPE,
				 (1 << 19) + 1));
	/* which is not too deep by one less: there is one of the type already */
	EXPECT_EQ(-EEXIST, ALLOC(self->viommu, MOCK_VEVENTQ_TYPE, 1 << 19));
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->viommu, MOCK_VEVENTQ_TYPE + 1, 1));
	EXPECT_EQ(-EOPNOTSUPP, ALLOC(self->viommu, IOMMU_VEVENTQ_TYPE_DEFAULT,
				     1));
	EXPECT_EQ(-ENOENT, ALLOC(self->nested, MOCK_VEVENTQ_TYPE, 1));
#undef ALLOC
}

TEST_F(vevent, event_has_the_virtual_id)
{
	struct record record;

	EXPECT_FALSE(is_readable(self->queue_fd));
	EXPECT_EQ(0, read(self->queue_fd, &record, sizeof(record)));
	ASSERT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	EXPECT_TRUE(is_readable(self->queue_fd));
	ASSERT_EQ(sizeof(record),
		  read(self->queue_fd, &record, sizeof(record)));
	EXPECT_EQ(0, record.header.flags);
	EXPECT_EQ(0, record.header.sequence);
	EXPECT_EQ(VIRT_ID, record.event.virt_id);
	EXPECT_FALSE(is_readable(self->queue_fd));
}

TEST_F(vevent, read_returns_whole_events)
{
	struct record record[DEPTH];

	ASSERT_EQ(0, trigger(self->fd, self->dev.idev, DEPTH));
	EXPECT_EQ(0, read(self->queue_fd, record, sizeof(*record) - 1));
	ASSERT_EQ(2 * sizeof(*record),
		  read(self->queue_fd, record, 3 * sizeof(*record) - 1));
	EXPECT_EQ(1, record[1].header.sequence);
	ASSERT_EQ(sizeof(*record),
		  read(self->queue_fd, record, sizeof(record)));
	EXPECT_EQ(2, record[0].header.sequence);
}

TEST_F(vevent, event_that_cannot_be_copied_stays)
{
	struct record record[DEPTH];
	void *gone = memory_map(page_size);

	ASSERT_NE(NULL, gone);
	ASSERT_EQ(0, munmap(gone, page_size));
	ASSERT_EQ(0, trigger(self->fd, self->dev.idev, 2));
	EXPECT_EQ(-1, read(self->queue_fd, gone, sizeof(record)));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(2 * sizeof(*record),
		  read(self->queue_fd, record, sizeof(record)));
	EXPECT_EQ(0, record[0].header.sequence);
	EXPECT_EQ(1, record[1].header.sequence);
}

TEST_F(vevent, full_queue_tells_that_events_were_lost)
{
	struct record record[DEPTH + 1];
	struct iommufd_vevent_header *lost = &record[DEPTH].header;

	ASSERT_EQ(0, trigger(self->fd, self->dev.idev, DEPTH + 2));
	ASSERT_EQ(DEPTH * sizeof(*record) + sizeof(*lost),
		  read(self->queue_fd, record, sizeof(record)));
	for (int i = 0; i < DEPTH; i++) {
		EXPECT_EQ(0, record[i].header.flags);
		EXPECT_EQ(i, record[i].header.sequence);
	}
	EXPECT_EQ(IOMMU_VEVENTQ_FLAG_LOST_EVENTS, lost->flags);
	EXPECT_EQ(DEPTH + 1, lost->sequence);
	/* and goes on with the next number */
	ASSERT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(sizeof(*record),
		  read(self->queue_fd, record, sizeof(record)));
	EXPECT_EQ(0, record[0].header.flags);
	EXPECT_EQ(DEPTH + 2, record[0].header.sequence);
}

TEST_F(vevent, queue_takes_events_for_ever)
{
	struct record record[2];

	for (__u32 i = 0; i < 3 * DEPTH + 1; i += 2) {
		ASSERT_EQ(0, trigger(self->fd, self->dev.idev, 2));
		ASSERT_EQ(sizeof(record),
			  read(self->queue_fd, record, sizeof(record)));
		for (__u32 j = 0; j < 2; j++) {
			EXPECT_EQ(0, record[j].header.flags);
			EXPECT_EQ(i + j, record[j].header.sequence);
			EXPECT_EQ(VIRT_ID, record[j].event.virt_id);
		}
		EXPECT_FALSE(is_readable(self->queue_fd));
	}
}

/* Of those nobody knows how many there were */
TEST_F(vevent, events_that_the_iommu_has_lost_are_told)
{
	struct record record[2];

	ASSERT_EQ(0, mock_lose_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(sizeof(record->header),
		  read(self->queue_fd, record, sizeof(record)));
	EXPECT_EQ(IOMMU_VEVENTQ_FLAG_LOST_EVENTS, record->header.flags);
	EXPECT_EQ(0, record->header.sequence);
	/* and are seen by the number of what follows */
	ASSERT_EQ(0, mock_lose_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(sizeof(*record),
		  read(self->queue_fd, record, sizeof(record)));
	EXPECT_EQ(0, record->header.flags);
	EXPECT_EQ(2, record->header.sequence);
}

TEST_F(vevent, gap_tells_that_events_were_lost)
{
	struct record record[DEPTH + 1];

	ASSERT_EQ(0, trigger(self->fd, self->dev.idev, DEPTH + 2));
	ASSERT_EQ(sizeof(*record),
		  read(self->queue_fd, record, sizeof(*record)));
	ASSERT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(DEPTH * sizeof(*record),
		  read(self->queue_fd, record, sizeof(record)));
	EXPECT_EQ(DEPTH - 1, record[DEPTH - 2].header.sequence);
	EXPECT_EQ(DEPTH + 2, record[DEPTH - 1].header.sequence);
	EXPECT_EQ(0, record[DEPTH - 1].header.flags);
}

TEST_F(vevent, queue_goes_after_its_descriptor)
{
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->queue));
	ASSERT_EQ(0, trigger(self->fd, self->dev.idev, DEPTH + 1));
	ASSERT_EQ(0, close(self->queue_fd));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->queue));
	/* and nobody wants the events any more */
	EXPECT_EQ(-EOPNOTSUPP, mock_trigger_vevent(self->fd, self->dev.idev));
	self->queue_fd = veventq_alloc(self->fd, self->viommu,
				       MOCK_VEVENTQ_TYPE, 1, &self->queue);
	EXPECT_LE(0, self->queue_fd);
	EXPECT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
}

TEST_F(vevent, device_elsewhere_has_no_events)
{
	EXPECT_EQ(-ENOENT, mock_trigger_vevent(self->fd, self->dev.stdev));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas, NULL));
	EXPECT_EQ(-ENOENT, mock_trigger_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->nested,
				  NULL));
	EXPECT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(-ENOENT, mock_trigger_vevent(self->fd, self->dev.idev));
}

/* Whatever it is: the device's place behind the vIOMMU is the nested table's */
TEST_F(vevent, any_other_table_ends_the_events)
{
	__u32 others[4] = { self->ioas }, again;
	struct record record;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&others[1]));
	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &others[2]));
	/* a nested table of the parent itself */
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, others[2],
				       PRESET, &others[3]));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, others[i],
					  NULL));
		EXPECT_EQ(-ENOENT, mock_trigger_vevent(self->fd,
						       self->dev.idev)) {
			TH_LOG("table %zu", i);
		}
		EXPECT_FALSE(is_readable(self->queue_fd));
		ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev,
					  self->nested, &again));
		EXPECT_EQ(self->nested, again);
		EXPECT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
		EXPECT_EQ(sizeof(record),
			  read(self->queue_fd, &record, sizeof(record)));
		EXPECT_EQ(VIRT_ID, record.event.virt_id);
		EXPECT_EQ(i, record.header.sequence);
	}
}

TEST_F(vevent, nested_table_of_the_parent_has_no_events)
{
	struct mock_device dev;
	__u32 parent, nested;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &parent));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, dev.idev, parent, PRESET,
				       &nested));
	ASSERT_EQ(0, mock_replace(self->fd, dev.stdev, nested, NULL));
	EXPECT_EQ(-ENOENT, mock_trigger_vevent(self->fd, dev.idev));
	EXPECT_FALSE(is_readable(self->queue_fd));
}

TEST_F(vevent, virtual_id_0_has_no_events)
{
	struct mock_device dev;
	__u32 id;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, vdevice_alloc(self->fd, self->viommu, dev.idev, 0, &id));
	ASSERT_EQ(0, mock_replace(self->fd, dev.stdev, self->nested, NULL));
	EXPECT_EQ(-ENOENT, mock_trigger_vevent(self->fd, dev.idev));
	EXPECT_FALSE(is_readable(self->queue_fd));
	/* the other device of the same vIOMMU does have them */
	EXPECT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	EXPECT_TRUE(is_readable(self->queue_fd));
}

TEST_F(vevent, events_go_to_the_viommu_of_the_table)
{
	__u32 parent, viommu, nested, queue, id;
	struct record record;
	int queue_fd;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
				IOMMU_HWPT_ALLOC_NEST_PARENT, &parent));
	ASSERT_EQ(0, viommu_alloc(self->fd, self->dev.idev, parent,
				  MOCK_VIOMMU_TYPE, &viommu));
	ASSERT_EQ(0, mock_nested_alloc(self->fd, self->dev.idev, viommu, PRESET,
				       &nested));
	/* where it cannot go: it stays, and so do its events */
	EXPECT_EQ(-ENOENT, mock_replace(self->fd, self->dev.stdev, nested,
					NULL));
	EXPECT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(sizeof(record),
		  read(self->queue_fd, &record, sizeof(record)));
	/* now it can */
	ASSERT_EQ(0, iommu_destroy(self->fd, self->vdevice));
	ASSERT_EQ(0, vdevice_alloc(self->fd, viommu, self->dev.idev,
				   VIRT_ID + 1, &id));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, nested, NULL));
	EXPECT_EQ(-EOPNOTSUPP, mock_trigger_vevent(self->fd, self->dev.idev));
	queue_fd = veventq_alloc(self->fd, viommu, MOCK_VEVENTQ_TYPE, 1 << 19,
				 &queue);
	ASSERT_LE(0, queue_fd);
	EXPECT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	EXPECT_FALSE(is_readable(self->queue_fd));
	ASSERT_EQ(sizeof(record), read(queue_fd, &record, sizeof(record)));
	EXPECT_EQ(VIRT_ID + 1, record.event.virt_id);
	close(queue_fd);
}

TEST_F(vevent, descriptor_outlives_that_of_the_iommu)
{
	struct record record;

	ASSERT_EQ(0, mock_trigger_vevent(self->fd, self->dev.idev));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(sizeof(record),
		  read(self->queue_fd, &record, sizeof(record)));
	ASSERT_EQ(0, close(self->queue_fd));
	self->fd = iommu_open();
	self->queue_fd = -1;
}

TEST_HARNESS_MAIN
