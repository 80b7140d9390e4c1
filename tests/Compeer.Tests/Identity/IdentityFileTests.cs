using Compeer.Network.SecureChannels;

namespace Compeer.Tests.Identity;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class IdentityFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("compeer-identity").FullName;

    private string Path => System.IO.Path.Combine(_folder, "identity.key");

    [Fact]
    public void A_key_is_made_once_and_only_its_owner_can_read_it()
    {
        PrivateIdentity made = IdentityFile.LoadOrCreate(Path);
        Assert.Equal(made.PeerId, IdentityFile.LoadOrCreate(Path).PeerId);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.Equal([Path], Directory.GetFiles(_folder));
        Assert.Equal(made.Export(), File.ReadAllBytes(Path));
    }

    [Fact]
    public void A_passphrase_locks_the_key_and_damage_is_noticed()
    {
        var identity = PrivateIdentity.Generate();
        IdentityFile.Save(Path, identity, "correct horse", rounds: 10);
        Assert.Equal(identity.PeerId, IdentityFile.Load(Path, "correct horse").PeerId);
        Assert.Contains("none was given", Refused(null), StringComparison.Ordinal);
        Assert.Contains("does not open", Refused("battery staple"), StringComparison.Ordinal);
        byte[] content = File.ReadAllBytes(Path);
        Assert.True(content.AsSpan().IndexOf(identity.Export().AsSpan(4, 32)) < 0);
        foreach (int at in new[] { 12, 15, 20, 35, 50, content.Length - 1 })
        {
            byte[] damaged = [.. content];
            damaged[at] ^= 1;
            if (at == 12)
                damaged[at] = 0xff;
            File.WriteAllBytes(Path, damaged);
            Refused("correct horse");
        }
        for (int length = 0; length < content.Length; length += 9)
        {
            File.WriteAllBytes(Path, content[..length]);
            Refused("correct horse");
        }
        IdentityFile.Save(Path, identity);
        Assert.Equal(identity.PeerId, IdentityFile.Load(Path).PeerId);
    }

    [Fact]
    public void A_file_that_others_can_read_is_refused_with_the_remedy()
    {
        IdentityFile.LoadOrCreate(Path);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Refused(null), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_written_or_read_is_said()
    {
        string missing = System.IO.Path.Combine(_folder, "no", "key");
        Assert.Contains("cannot be written", Assert.Throws<IdentityFileException>(() => IdentityFile.LoadOrCreate(missing)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<IdentityFileException>(() => IdentityFile.Load(missing)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Refused(string? passphrase) => Assert.Throws<IdentityFileException>(() => IdentityFile.Load(Path, passphrase)).Message;
}
