using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Compeer.Cli.Output;
using Compeer.Content.Creation;
using Compeer.Content.Storage;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.MainlineDht;
using Compeer.Network.Native;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Cli.Commands;

/// <summary>
/// A link that follows the versions of a folder: names the torrent of the newest one in the DHT, signed and numbered, and
/// stores it anew before the DHT forgets it. The key and the last number are kept in the data directory.
/// </summary>
/// <remarks>Spec: BEP 46.</remarks>
internal sealed class MutableShare
{
    private static readonly TimeSpan Republish = TimeSpan.FromMinutes(45);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(3);

    private readonly DhtService _dht;
    private readonly IReporter _reporter;
    private readonly byte[] _secretKey;
    private readonly byte[] _salt;
    private readonly string _numberPath;

    public MutableShare(DhtService dht, string dataDirectory, string root, IReporter reporter)
    {
        _dht = dht;
        _reporter = reporter;
        _secretKey = SecretKeyFile.LoadOrCreate(Path.Combine(dataDirectory, "mutable.key"));
        _salt = SHA256.HashData(Encoding.UTF8.GetBytes(root))[..8];
        _numberPath = Path.Combine(dataDirectory, "shares", $"{Convert.ToHexStringLower(_salt)}.version");
        byte[] publicKey = new byte[DhtItem.PublicKeyBytes];
        OpenSslEd25519.Instance.WritePublicKey(_secretKey, publicKey);
        Link = new MutableLink(publicKey, _salt);
    }

    /// <summary>The link.</summary>
    public MutableLink Link { get; }

    /// <summary>Publishes a version, and again and again until cancelled.</summary>
    public async Task PublishAsync(Sha1Hash infoHash, CancellationToken cancellationToken)
    {
        await _dht.Ready.WaitAsync(cancellationToken);
        DhtItem? before = await _dht.GetAsync(Link.PublicKey, Link.Salt, cancellationToken);
        bool isSame = before is not null && TorrentPointer.TryDecode(before.Value, out Sha1Hash named) && named == infoHash;
        // What the DHT has may be newer than what this data directory knows, if it was lost or copied.
        long number = isSame ? before!.Sequence : Math.Max(LoadNumber(), before?.Sequence ?? 0) + 1;
        SaveNumber(number);
        DhtItem item = DhtItem.Mutable(TorrentPointer.Encode(infoHash), _salt, number, _secretKey, OpenSslEd25519.Instance);
        while (true)
        {
            DhtSearchReport report = await _dht.PutAsync(item, null, cancellationToken);
            if (report.Stored > 0)
                _reporter.Published(number, infoHash, report.Stored);
            await Task.Delay(report.Stored > 0 ? Republish : Retry, cancellationToken);
        }
    }

    /// <summary>Returns when the files differ from <paramref name="files"/>, and have not changed any more between two looks.</summary>
    public static async Task<ShareFiles> UntilChangedAsync(ShareFiles files, string path, CancellationToken cancellationToken)
    {
        string last = files.Fingerprint;
        while (true)
        {
            await Task.Delay(Look, cancellationToken);
            ShareFiles now;
            try
            {
                now = ShareFiles.Scan(path);
            }
            catch (StorageException)
            {
                // Gone or empty for the moment: the old version stays named until there is a new one.
                continue;
            }
            if (now.Fingerprint != files.Fingerprint && now.Fingerprint == last)
                return now;
            last = now.Fingerprint;
        }
    }

    private long LoadNumber() =>
        File.Exists(_numberPath) && long.TryParse(File.ReadAllText(_numberPath), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    private void SaveNumber(long number)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_numberPath)!);
        AtomicFile.Write(_numberPath, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
    }
}
