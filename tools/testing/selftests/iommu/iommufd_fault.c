// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault queues: page requests and their answers, and unrecoverable faults. The mock
 * IOMMU driver reports faults when it is told to, and keeps what it was answered.
 */
#include <poll.h>

#include "mock_fixture.h"
#include "slow_kernel.h"

#define COOKIE	0xc00c1e0000000001ULL
#define GRPID	2

FIXTURE(fault)
{
	int fd;
	int queue_fd;
	__u32 ioas;
	__u32 queue;
	__u32 hwpt;
	struct mock_device dev;
};

FIXTURE_VARIANT(fault)
{
	bool nested;
	__u32 flags;
};

FIXTURE_VARIANT_ADD(fault, table)
{
};

FIXTURE_VARIANT_ADD(fault, table_by_cookie)
{
	.flags = IOMMU_FAULT_QUEUE_COOKIE,
};

FIXTURE_VARIANT_ADD(fault, nested)
{
	.nested = true,
};

FIXTURE_VARIANT_ADD(fault, nested_by_cookie)
{
	.nested = true,
	.flags = IOMMU_FAULT_QUEUE_COOKIE,
};

/* A record of either kind; what a queue without cookies lacks is 0 */
static ssize_t read_fault(int queue, __u32 flags,
			  struct iommu_device_fault *fault)
{
	size_t size = flags ? sizeof(*fault) : sizeof(fault->request);
	ssize_t len;

	memset(fault, 0, sizeof(*fault));
	len = read(queue, fault, size);
	return len < 0 ? -errno : len == (ssize_t)size ? 1 : len;
}

static int answer(int queue, __u32 cookie, __u32 code)
{
	struct iommu_hwpt_page_response response = {
		.cookie = cookie,
		.code = code,
	};
	ssize_t len = write(queue, &response, sizeof(response));

	return len < 0 ? -errno : len == sizeof(response) ? 0 : -EPROTO;
}

static bool is_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents == POLLIN;
}

FIXTURE_SETUP(fault)
{
	struct mock_hwpt_data data = {};
	__u32 pt;

	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device_cookie(self->fd, self->ioas, 0, COOKIE,
					&self->dev));
	self->queue_fd = fault_queue_alloc(self->fd, variant->flags,
					   &self->queue);
	ASSERT_LE(0, self->queue_fd);
	pt = self->ioas;
	if (variant->nested)
		ASSERT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas,
					IOMMU_HWPT_ALLOC_NEST_PARENT, &pt));
	ASSERT_EQ(0, hwpt_alloc_fault(self->fd, self->dev.idev, pt, 0,
				      MOCK_HWPT_DATA, &data, sizeof(data),
				      self->queue, &self->hwpt));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->hwpt,
				  NULL));
}

FIXTURE_TEARDOWN(fault)
{
	close(self->queue_fd);
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(fault, request_is_read_and_answered)
{
	struct iommu_device_fault fault;
	__u32 code;

	EXPECT_FALSE(is_readable(self->queue_fd));
	EXPECT_EQ(0, read_fault(self->queue_fd, variant->flags, &fault));
	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	EXPECT_TRUE(is_readable(self->queue_fd));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_EQ(IOMMU_PGFAULT_FLAGS_LAST_PAGE, fault.request.flags);
	EXPECT_EQ(self->dev.idev, fault.request.dev_id);
	EXPECT_EQ(GRPID, fault.request.grpid);
	EXPECT_EQ(IOMMU_PGFAULT_PERM_READ | IOMMU_PGFAULT_PERM_WRITE,
		  fault.request.perm);
	EXPECT_EQ(0xdeadbeaf, fault.request.addr);
	EXPECT_EQ(0, fault.request.length);
	EXPECT_EQ(variant->flags ? COOKIE : 0, fault.dev_cookie);
	EXPECT_EQ(variant->flags ? IOMMU_DEVICE_FAULT_HAS_COOKIE : 0,
		  fault.flags);
	EXPECT_EQ(0, mock_answers(self->fd, self->dev.idev, NULL));
	ASSERT_EQ(0, answer(self->queue_fd, fault.request.cookie,
			    IOMMUFD_PAGE_RESP_SUCCESS));
	EXPECT_EQ(1, mock_answers(self->fd, self->dev.idev, &code));
	EXPECT_EQ(IOMMUFD_PAGE_RESP_SUCCESS, code);
}

TEST_F(fault, pasid_is_told)
{
	struct iommu_device_fault fault;

	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 5));
	/* PASIDs are those of a table of the user */
	if (!variant->nested) {
		EXPECT_FALSE(is_readable(self->queue_fd));
		return;
	}
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_EQ(IOMMU_PGFAULT_FLAGS_LAST_PAGE |
		  IOMMU_PGFAULT_FLAGS_PASID_VALID, fault.request.flags);
	EXPECT_EQ(5, fault.request.pasid);
}

TEST_F(fault, requests_of_a_group_come_together)
{
	struct iommu_device_fault first, last;

	ASSERT_EQ(0, mock_report_fault(self->fd, self->dev.idev, false, 0));
	EXPECT_FALSE(is_readable(self->queue_fd));
	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &first));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &last));
	EXPECT_EQ(0, first.request.flags);
	EXPECT_EQ(0x1234000, first.request.addr);
	EXPECT_EQ(IOMMU_PGFAULT_FLAGS_LAST_PAGE, last.request.flags);
	EXPECT_EQ(first.request.cookie, last.request.cookie);
	EXPECT_EQ(0, answer(self->queue_fd, last.request.cookie,
			    IOMMUFD_PAGE_RESP_INVALID));
	EXPECT_EQ(1, mock_answers(self->fd, self->dev.idev, NULL));
}

TEST_F(fault, only_what_was_read_can_be_answered_and_once)
{
	struct iommu_device_fault fault, other;
	__u64 half = 0;

	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	/* the next one, which was not read */
	EXPECT_EQ(-EINVAL, answer(self->queue_fd, fault.request.cookie + 1,
				  IOMMUFD_PAGE_RESP_SUCCESS));
	EXPECT_EQ(-EINVAL, answer(self->queue_fd, 0,
				  IOMMUFD_PAGE_RESP_SUCCESS));
	EXPECT_EQ(-EINVAL, answer(self->queue_fd, fault.request.cookie, 2));
	EXPECT_EQ(0, mock_answers(self->fd, self->dev.idev, NULL));
	EXPECT_EQ(0, answer(self->queue_fd, fault.request.cookie,
			    IOMMUFD_PAGE_RESP_SUCCESS));
	EXPECT_EQ(-EINVAL, answer(self->queue_fd, fault.request.cookie,
				  IOMMUFD_PAGE_RESP_SUCCESS));
	EXPECT_EQ(1, mock_answers(self->fd, self->dev.idev, NULL));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &other));
	EXPECT_NE(fault.request.cookie, other.request.cookie);
	EXPECT_EQ(-1, write(self->queue_fd, &half, 4));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(fault, fault_that_cannot_be_copied_stays)
{
	struct iommu_device_fault fault;
	void *gone = memory_map(page_size);

	ASSERT_NE(NULL, gone);
	ASSERT_EQ(0, munmap(gone, page_size));
	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	EXPECT_EQ(-1, read(self->queue_fd, gone, sizeof(fault)));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_EQ(0, answer(self->queue_fd, fault.request.cookie,
			    IOMMUFD_PAGE_RESP_SUCCESS));
}

/* Three requests: a part of a group, one that was not read, one that was */
static int prepare_three(int fd, int queue, __u32 idev, __u32 flags)
{
	struct iommu_device_fault fault;
	int rc = mock_trigger_fault(fd, idev, 0);

	if (rc)
		return rc;
	if (read_fault(queue, flags, &fault) != 1)
		return -EPROTO;
	return mock_trigger_fault(fd, idev, 0) ?:
	       mock_report_fault(fd, idev, false, 0);
}

TEST_F(fault, requests_are_answered_when_the_device_leaves)
{
	struct iommu_device_fault fault;
	__u32 code;

	ASSERT_EQ(0, prepare_three(self->fd, self->queue_fd, self->dev.idev,
				   variant->flags));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas, NULL));
	EXPECT_EQ(2, mock_answers(self->fd, self->dev.idev, &code));
	EXPECT_EQ(IOMMUFD_PAGE_RESP_INVALID, code);
	EXPECT_EQ(0, read_fault(self->queue_fd, variant->flags, &fault));
	/* and those that come later are nobody's */
	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	EXPECT_EQ(3, mock_answers(self->fd, self->dev.idev, &code));
	EXPECT_EQ(MOCK_ANSWER_OF_NOBODY, code);
	EXPECT_EQ(0, read_fault(self->queue_fd, variant->flags, &fault));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->hwpt, NULL));
	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	EXPECT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
}

TEST_F(fault, device_can_go_with_requests)
{
	struct iommu_device_fault fault;

	ASSERT_EQ(0, prepare_three(self->fd, self->queue_fd, self->dev.idev,
				   variant->flags));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(0, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->hwpt));
}

TEST_F(fault, requests_are_answered_when_the_descriptor_is_closed)
{
	__u32 code;

	ASSERT_EQ(0, prepare_three(self->fd, self->queue_fd, self->dev.idev,
				   variant->flags));
	ASSERT_EQ(0, close(self->queue_fd));
	self->queue_fd = -1;
	EXPECT_EQ(2, mock_answers(self->fd, self->dev.idev, &code));
	EXPECT_EQ(IOMMUFD_PAGE_RESP_INVALID, code);
	EXPECT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	EXPECT_EQ(3, mock_answers(self->fd, self->dev.idev, &code));
	EXPECT_EQ(MOCK_ANSWER_OF_NOBODY, code);
	/* the table has the queue still */
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->queue));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas, NULL));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->queue));
}

TEST_F(fault, queue_goes_after_its_descriptor)
{
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas, NULL));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->hwpt));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->queue));
	ASSERT_EQ(0, close(self->queue_fd));
	self->queue_fd = -1;
	EXPECT_EQ(0, iommu_destroy(self->fd, self->queue));
}

TEST_F(fault, unrecoverable_faults_come_if_they_are_wanted)
{
	struct iommu_device_fault fault;
	int rc = mock_report_fault(self->fd, self->dev.idev, true,
				   IOMMU_DEVICE_FAULT_PERMISSION);

	EXPECT_EQ(variant->flags ? 0 : -ENODEV, rc);
	EXPECT_EQ(variant->flags ? 1 : 0,
		  read_fault(self->queue_fd, variant->flags, &fault));
	if (!variant->flags)
		return;
	EXPECT_EQ(IOMMU_DEVICE_FAULT_HAS_COOKIE |
		  IOMMU_DEVICE_FAULT_UNRECOVERABLE |
		  IOMMU_DEVICE_FAULT_ADDR_VALID, fault.flags);
	EXPECT_EQ(IOMMU_DEVICE_FAULT_PERMISSION, fault.reason);
	EXPECT_EQ(COOKIE, fault.dev_cookie);
	EXPECT_EQ(self->dev.idev, fault.request.dev_id);
	EXPECT_EQ(0x1234000, fault.request.addr);
	EXPECT_EQ(IOMMU_PGFAULT_PERM_READ, fault.request.perm);
	/* there is nothing to answer */
	EXPECT_EQ(-EINVAL, answer(self->queue_fd, fault.request.cookie,
				  IOMMUFD_PAGE_RESP_SUCCESS));
}

/* The driver answers requests for which there is no room */
TEST_F(fault, full_queue_refuses_requests)
{
	int kept = 0, rc;
	__u32 code;

	/* it takes seconds there, and the kind of table makes no difference */
	if (variant->nested && is_slow_kernel())
		SKIP(return, "not with each kind of table");
	do {
		rc = mock_report_fault(self->fd, self->dev.idev, false, 0);
	} while (!rc && ++kept < 100000);
	EXPECT_EQ(-ENOSPC, rc);
	EXPECT_LT(1000, kept);
	/* a group whose last request is refused is refused as a whole */
	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	EXPECT_EQ(1, mock_answers(self->fd, self->dev.idev, &code));
	EXPECT_EQ(MOCK_ANSWER_OF_NOBODY, code);
	EXPECT_FALSE(is_readable(self->queue_fd));
	for (int i = 0; i < kept; i++)
		ASSERT_EQ(0, mock_report_fault(self->fd, self->dev.idev, false,
					       0));
	EXPECT_EQ(-ENOSPC, mock_report_fault(self->fd, self->dev.idev, false,
					     0));
	/* and there is room again when the device leaves */
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas, NULL));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->hwpt, NULL));
	EXPECT_EQ(0, mock_report_fault(self->fd, self->dev.idev, false, 0));
}

/* What was read takes room until it is answered; here: is there any? */
static bool has_room(int fd, const struct mock_device *dev, int queue,
		     __u32 flags, struct iommu_device_fault *fault)
{
	return !mock_trigger_fault(fd, dev->idev, 0) && is_readable(queue) &&
	       read_fault(queue, flags, fault) == 1;
}

TEST_F(fault, requests_without_an_answer_are_limited)
{
	struct iommu_device_fault fault;
	__u32 kept = 0, last = 0;

	if (variant->nested && is_slow_kernel())
		SKIP(return, "not with each kind of table");
	while (kept < 100000 && has_room(self->fd, &self->dev, self->queue_fd,
					 variant->flags, &fault)) {
		last = fault.request.cookie;
		kept++;
	}
	EXPECT_LT(1000, kept);
	EXPECT_GT(100000, kept);
	ASSERT_EQ(0, answer(self->queue_fd, last, IOMMUFD_PAGE_RESP_SUCCESS));
	EXPECT_TRUE(has_room(self->fd, &self->dev, self->queue_fd,
			     variant->flags, &fault));
	EXPECT_FALSE(has_room(self->fd, &self->dev, self->queue_fd,
			      variant->flags, &fault));
	/* there is room again when the device leaves, as all are answered */
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->ioas, NULL));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, self->hwpt, NULL));
	for (int i = 0; i < 2; i++)
		EXPECT_TRUE(has_room(self->fd, &self->dev, self->queue_fd,
				     variant->flags, &fault));
}

FIXTURE(lost)
{
	int fd;
	int queue_fd;
	struct mock_device dev;
};

FIXTURE_VARIANT(lost)
{
	__u32 flags;
};

FIXTURE_VARIANT_ADD(lost, by_cookie)
{
	.flags = IOMMU_FAULT_QUEUE_COOKIE,
};

FIXTURE_SETUP(lost)
{
	__u32 ioas, queue, hwpt;

	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &self->dev));
	self->queue_fd = fault_queue_alloc(self->fd, variant->flags, &queue);
	ASSERT_LE(0, self->queue_fd);
	ASSERT_EQ(0, hwpt_alloc_fault(self->fd, self->dev.idev, ioas, 0, 0,
				      NULL, 0, queue, &hwpt));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, hwpt, NULL));
}

FIXTURE_TEARDOWN(lost)
{
	close(self->queue_fd);
	EXPECT_EQ(0, close(self->fd));
}

/* More faults than there is room for. Returns how many the queue has */
static int overflow(int fd, __u32 idev)
{
	int kept = 0, lost = 0;

	while (lost < 10 && kept < 100000) {
		switch (mock_report_fault(fd, idev, true, 0)) {
		case 0:
			kept++;
			break;
		case -ENOSPC:
			lost++;
			break;
		default:
			return -1;
		}
	}
	return lost == 10 ? kept : -1;
}

TEST_F(lost, next_fault_tells_that_some_were_lost)
{
	struct iommu_device_fault fault;
	int kept = overflow(self->fd, self->dev.idev);

	ASSERT_LT(0, kept);
	for (int i = 0; i < kept; i++) {
		ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags,
					&fault));
		ASSERT_EQ(0, fault.flags & IOMMU_DEVICE_FAULT_LOST);
	}
	ASSERT_EQ(0, mock_report_fault(self->fd, self->dev.idev, true, 0));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_NE(0, fault.flags & IOMMU_DEVICE_FAULT_LOST);
	ASSERT_EQ(0, mock_report_fault(self->fd, self->dev.idev, true, 0));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_EQ(0, fault.flags & IOMMU_DEVICE_FAULT_LOST);
}

TEST_F(lost, last_record_tells_that_some_were_lost)
{
	static const struct iommu_device_fault nothing = {
		.flags = IOMMU_DEVICE_FAULT_LOST,
	};
	struct iommu_device_fault fault;
	int kept = overflow(self->fd, self->dev.idev);
	void *gone = memory_map(sizeof(fault));

	ASSERT_NE(NULL, gone);
	ASSERT_EQ(0, munmap(gone, sizeof(fault)));
	ASSERT_LT(0, kept);
	for (int i = 0; i < kept; i++)
		ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags,
					&fault));
	EXPECT_TRUE(is_readable(self->queue_fd));
	/* also if it cannot be copied at first */
	EXPECT_EQ(-1, read(self->queue_fd, gone, sizeof(fault)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(is_readable(self->queue_fd));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_EQ(0, memcmp(&nothing, &fault, sizeof(fault)));
	EXPECT_FALSE(is_readable(self->queue_fd));
	ASSERT_EQ(0, mock_report_fault(self->fd, self->dev.idev, true, 0));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_EQ(0, fault.flags & IOMMU_DEVICE_FAULT_LOST);
}

TEST_F(fault, faults_that_the_iommu_has_lost_are_told_if_they_are_wanted)
{
	struct iommu_device_fault fault;

	ASSERT_EQ(0, mock_lose_faults(self->fd, self->dev.idev));
	EXPECT_EQ(!!variant->flags, is_readable(self->queue_fd));
	EXPECT_EQ(!!variant->flags,
		  read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_EQ(variant->flags ? IOMMU_DEVICE_FAULT_LOST : 0, fault.flags);
	if (!variant->flags)
		return;
	ASSERT_EQ(0, mock_lose_faults(self->fd, self->dev.idev));
	ASSERT_EQ(0, mock_report_fault(self->fd, self->dev.idev, true, 0));
	ASSERT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	EXPECT_NE(0, fault.flags & IOMMU_DEVICE_FAULT_LOST);
	EXPECT_NE(0, fault.flags & IOMMU_DEVICE_FAULT_UNRECOVERABLE);
	EXPECT_FALSE(is_readable(self->queue_fd));
}

TEST_F(fault, wrong_requests_are_refused)
{
	__u32 id;

	EXPECT_EQ(-ENOENT, hwpt_alloc_fault(self->fd, self->dev.idev,
					    self->ioas, 0, 0, NULL, 0,
					    self->ioas, &id));
	EXPECT_EQ(-ENOENT, hwpt_alloc_fault(self->fd, self->dev.idev,
					    self->ioas, 0, 0, NULL, 0, 0,
					    &id));
	EXPECT_EQ(-EOPNOTSUPP, hwpt_alloc_fault(self->fd, self->dev.idev,
						self->ioas,
						IOMMU_HWPT_ALLOC_NEST_PARENT, 0,
						NULL, 0, self->queue, &id));
	EXPECT_EQ(-EOPNOTSUPP, fault_queue_alloc(self->fd, 1, &id));
}

TEST_F(fault, address_space_by_format_has_a_queue)
{
	struct mock_hwpt_data data = {};
	__u64 cookie = COOKIE;
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOASID_ALLOC_FAULT_QUEUE,
		.format = MOCK_HWPT_DATA,
		.parent_id = self->ioas,
		.cookies = (uintptr_t)&cookie,
		.num_cookies = 1,
		.data_len = sizeof(data),
		.data = (uintptr_t)&data,
		.fault_id = self->ioas,
	};
	struct iommu_device_fault fault;

	EXPECT_EQ(-ENOENT, iommu_ioctl(self->fd, IOMMU_IOASID_ALLOC, &cmd));
	cmd.fault_id = self->queue;
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_IOASID_ALLOC, &cmd));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, cmd.out_ioasid,
				  NULL));
	ASSERT_EQ(0, mock_trigger_fault(self->fd, self->dev.idev, 0));
	EXPECT_EQ(1, read_fault(self->queue_fd, variant->flags, &fault));
	cmd.format = IOMMU_FORMAT_MAP_UNMAP;
	cmd.data_len = 0;
	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_IOASID_ALLOC,
					   &cmd));
}

TEST_HARNESS_MAIN
