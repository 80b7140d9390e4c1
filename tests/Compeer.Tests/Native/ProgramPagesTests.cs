using Compeer.Network.Native;

namespace Compeer.Tests.Native;

public sealed class ProgramPagesTests
{
    [Fact]
    public void What_is_given_back_is_of_the_program_and_never_written()
    {
        string[] maps =
        [
            "55d5a0000000-55d5a0004000 r--p 00000000 fe:00 12                         /opt/my compeer",
            "55d5a0004000-55d5b0004000 r-xp 00004000 fe:00 12                         /opt/my compeer",
            "55d5b0004000-55d5b0008000 rw-p 10004000 fe:00 12                         /opt/my compeer",
            "55d5b0008000-55d5b0009000 rw-p 00000000 00:00 0 ",
            "7f3fbc400000-7f3fbc800000 r-xp 00000000 fe:00 13                         /opt/my compeer.so",
            "7f3fbc800000-7f3fbc900000 r-xp 00000000 fe:00 12                         /opt/my compeer (deleted)",
            "not a mapping",
            "",
        ];
        Assert.Equal([(0x55d5a0000000UL, 0x55d5a0004000UL), (0x55d5a0004000UL, 0x55d5b0004000UL)], ProgramPages.FindUnwritten(maps, "/opt/my compeer"));
    }

    [Fact]
    public void The_process_goes_on_without_what_it_gave_back()
    {
        for (int i = 0; i < 3; i++)
            ProgramPages.GiveBack();
    }
}
