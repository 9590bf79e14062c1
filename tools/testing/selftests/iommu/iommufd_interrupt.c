// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a device while its address space changes.
 *
 * A message-signalled interrupt is a write of the device. Some IOMMUs, Arm's for
 * one, translate it like any other, so that the kernel maps the doorbell where
 * the device is attached. Whatever the IOMMU does, an interrupt that is on must
 * arrive wherever the device is attached next.
 *
 * EDU0 and EDU1 name edu devices that are alone in their group.
 */
#include <poll.h>
#include <sys/eventfd.h>

#include "edu_device.h"
#include "harness.h"

#define WAIT_MS	5000

FIXTURE(interrupt)
{
	int fd;
	__u32 ioas, other;
	struct edu_device edu;
	int event;
};

FIXTURE_SETUP(interrupt)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->other));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, 1));
	self->event = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->event);
}

FIXTURE_TEARDOWN(interrupt)
{
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->event));
}

static int attach(struct edu_device *edu, __u32 pt)
{
	return edu_device_attach(edu, &pt);
}

/* How many interrupts come of one that the device raises */
static __u64 raised(struct edu_device *edu, int event)
{
	struct pollfd poller = { .fd = event, .events = POLLIN };
	__u64 count = 0;

	edu_raise_interrupt(&edu->engine);
	if (poll(&poller, 1, WAIT_MS) == 1 &&
	    read(event, &count, sizeof(count)) != sizeof(count))
		count = 0;
	edu_end_interrupt(&edu->engine);
	return count;
}

TEST_F(interrupt, arrives_from_an_attached_device)
{
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	EXPECT_EQ(1, raised(&self->edu, self->event));
}

TEST_F(interrupt, that_is_off_does_not_arrive)
{
	struct pollfd poller = { .fd = self->event, .events = POLLIN };

	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	ASSERT_EQ(0, edu_device_disable_msi(&self->edu));
	edu_raise_interrupt(&self->edu.engine);
	EXPECT_EQ(0, poll(&poller, 1, 200));
	edu_end_interrupt(&self->edu.engine);
}

TEST_F(interrupt, goes_on_in_another_address_space)
{
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	ASSERT_EQ(0, attach(&self->edu, self->other));
	EXPECT_EQ(1, raised(&self->edu, self->event));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	EXPECT_EQ(1, raised(&self->edu, self->event));
}

TEST_F(interrupt, goes_on_when_the_table_it_began_in_is_gone)
{
	__u32 table;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas, 0,
				&table));
	ASSERT_EQ(0, attach(&self->edu, table));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	ASSERT_EQ(0, attach(&self->edu, self->other));
	ASSERT_EQ(0, iommu_destroy(self->fd, table));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->ioas));
	EXPECT_EQ(1, raised(&self->edu, self->event));
}

TEST_F(interrupt, goes_on_after_detach_and_attach)
{
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	ASSERT_EQ(0, attach(&self->edu, self->other));
	EXPECT_EQ(1, raised(&self->edu, self->event));
}

TEST_F(interrupt, can_be_on_before_the_device_is_attached)
{
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	EXPECT_EQ(1, raised(&self->edu, self->event));
}

TEST_F(interrupt, can_be_set_up_again_in_another_address_space)
{
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	ASSERT_EQ(1, raised(&self->edu, self->event));
	ASSERT_EQ(0, edu_device_disable_msi(&self->edu));
	ASSERT_EQ(0, attach(&self->edu, self->other));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	EXPECT_EQ(1, raised(&self->edu, self->event));
}

/* The second device comes to a table in which the doorbell is mapped already */
TEST_F(interrupt, of_two_devices_arrive_in_one_address_space)
{
	struct edu_device second;
	int event;

	ASSERT_NE(NULL, getenv("EDU1"));
	event = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, event);
	ASSERT_EQ(0, edu_device_open(&second, getenv("EDU1")));
	ASSERT_EQ(0, edu_device_bind(&second, self->fd, 2));
	ASSERT_EQ(0, attach(&second, self->other));
	ASSERT_EQ(0, edu_device_enable_msi(&second, event));
	ASSERT_EQ(0, attach(&self->edu, self->ioas));
	ASSERT_EQ(0, edu_device_enable_msi(&self->edu, self->event));
	ASSERT_EQ(0, attach(&second, self->ioas));

	EXPECT_EQ(1, raised(&second, event));
	EXPECT_EQ(1, raised(&self->edu, self->event));
	edu_device_close(&second);
	close(event);
	EXPECT_EQ(1, raised(&self->edu, self->event));
}

TEST_HARNESS_MAIN
